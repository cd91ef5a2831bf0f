<?php
// A client of Callkeeper in plain PHP (8 or newer), after docs/api.md:
//
//   php client.php CAMPAIGN
//   php client.php check
//
// CALLKEEPER_URL, CALLKEEPER_AK, CALLKEEPER_SK and CALLKEEPER_VDN say which server, and as whom;
// CALLKEEPER_CA names a certificate to trust. It prints one line of JSON for each step.
// With `check` it sends nothing, and signs the requests of "To check a signer" in docs/api.md.

declare(strict_types=1);

const TYPE = 'application/json; charset=UTF-8';
const HOUR = 3_600_000;
const JSON = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;

// The server takes all eight forms. A client needs one of them, such as PLAIN.
const PLAIN = ['threeHeaders' => false, 'milliseconds' => false, 'emptyQueryLine' => false];
const FULL = ['threeHeaders' => true, 'milliseconds' => true, 'emptyQueryLine' => true];

function encoded(array $query): string
{
    $pairs = array_map(
        fn ($name) => rawurlencode($name) . '=' . rawurlencode((string) $query[$name]),
        array_keys($query),
    );
    sort($pairs, SORT_STRING);
    return implode('&', $pairs);
}

function now(array $form): string
{
    $now = new DateTimeImmutable('now', new DateTimeZone('UTC'));
    return $now->format($form['milliseconds'] ? 'Y-m-d\TH:i:s.v\Z' : 'Y-m-d\TH:i:s\Z');
}

function authorization(
    string $timestamp, string $method, string $path, array $query, array $headers, string $body,
    array $form, string $sk,
): string {
    ksort($headers, SORT_STRING);
    $signedHeaders = implode(';', array_keys($headers));
    $prefix = implode('/', ['auth-v2', getenv('CALLKEEPER_AK'), $timestamp, $signedHeaders]);

    $lines = [$method, $path];
    if ($query !== [] || $form['emptyQueryLine']) {
        $lines[] = encoded($query);
    }
    $lines[] = $signedHeaders;
    foreach ($headers as $name => $value) {
        $lines[] = rawurlencode($name) . ':' . rawurlencode($value);
    }
    $lines[] = rawurlencode($body);
    $signingKey = hash_hmac('sha256', $prefix, $sk);
    return $prefix . '/' . hash_hmac('sha256', implode("\n", $lines), $signingKey);
}

function root(): string
{
    return '/rest/isales/v1/openapi/campaigns/' . getenv('CALLKEEPER_VDN');
}

function host(): string
{
    return preg_replace('#^https?://#', '', getenv('CALLKEEPER_URL'));
}

function call(
    string $step, string $method, string $path, ?array $fields = null,
    array $form = PLAIN, array $query = [], ?string $sk = null,
): array {
    $path = root() . $path;
    $body = $fields === null ? '' : json_encode($fields, JSON);
    $url = getenv('CALLKEEPER_URL');
    $signed = ['host' => host()];
    if ($form['threeHeaders']) {
        $signed += ['content-type' => TYPE, 'content-length' => (string) strlen($body)];
    }
    $sk ??= getenv('CALLKEEPER_SK');
    $headers = [
        'Authorization: '
            . authorization(now($form), $method, $path, $query, $signed, $body, $form, $sk),
        'Content-Type: ' . TYPE,
        'Content-Length: ' . strlen($body),
    ];
    $context = stream_context_create([
        'http' => [
            'method' => $method, 'header' => $headers, 'content' => $body, 'ignore_errors' => true,
        ],
        'ssl' => getenv('CALLKEEPER_CA') ? ['cafile' => getenv('CALLKEEPER_CA')] : [],
    ]);
    $asked = $query === [] ? '' : '?' . encoded($query);
    $answer = file_get_contents($url . $path . $asked, false, $context);
    $status = (int) explode(' ', $http_response_header[0])[1];
    $answer = json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
    echo json_encode(['step' => $step, 'status' => $status, 'answer' => $answer], JSON), "\n";
    return $answer;
}

function post(
    string $step, string $path, array $fields, array $form = PLAIN, ?string $sk = null,
): array {
    return call($step, 'POST', $path, $fields, $form, [], $sk);
}

function play(string $campaign): void
{
    $at = (int) (microtime(true) * 1000) + HOUR;
    $page = ['offset' => 0, 'limit' => 10];
    post('wrong signature', '/appoint/list', $page, PLAIN, 'not ' . getenv('CALLKEEPER_SK'));

    $wish = ['userAccount' => 'ann', 'taskId' => $campaign];
    $manual = post('create manual', '/appoint/create', $wish + [
        'callType' => 1, 'calledNo' => '66660001', 'appointTime' => $at, 'remark' => '回访 A&B',
    ]);
    $automatic = post('create automatic', '/appoint/create', $wish + [
        'callType' => 2, 'calledNo' => '66660002', 'appointTime' => $at + HOUR,
        'callData' => json_encode(['name' => '张三'], JSON),
    ], FULL);

    $filters = $page + [
        'calledNo' => '66660001', 'userAccountList' => ['ann', 'bob'], 'taskId' => $campaign,
        'beginTime' => $at, 'endTime' => $at + HOUR,
    ];
    for ($bits = 0; $bits < 8; $bits++) {
        post('list', '/appoint/list', $filters, [
            'threeHeaders' => (bool) ($bits & 1),
            'milliseconds' => (bool) ($bits & 2),
            'emptyQueryLine' => (bool) ($bits & 4),
        ]);
    }

    $id = ['appointId' => $manual['returnObject']['appointId']];
    post('update', '/appoint/update', $id + ['appointTime' => $at + 1, 'remark' => '改期'], FULL);
    post('define a business result', '/addBusinessResult', ['name' => '成交', 'code' => 'sold']);
    $result = ['failCode' => '00000', 'busiResult' => 'sold'];
    post('update result', '/appoint/updateResult', $id + $result);
    $id = ['appointId' => $automatic['returnObject']['appointId']];
    post('delete', '/appoint/delete', $id, FULL);

    call('query campaigns', 'GET', '', query: [
        'name' => '回访 A+B', 'status' => 2, 'deviceType' => 0, 'beginTime' => '',
        'curPage' => 1, 'rowsPerPage' => 10,
    ]);
    call('pause', 'PUT', "/$campaign/pause");
    post('list all', '/appoint/list', $page);
}

function check(): void
{
    $query = ['status' => 2, 'deviceType' => 0, 'name' => '回访 A+B', 'beginTime' => ''];
    $headers = ['host' => host()];
    $sk = getenv('CALLKEEPER_SK');
    $made = authorization('2025-05-15T12:00:00Z', 'GET', root(), $query, $headers, '', PLAIN, $sk);
    echo $made, "\n";
    $body = '{"callType":1,"calledNo":"66660001","userAccount":"ann","taskId":"1",'
        . '"appointTime":1893578400000,"remark":"回访 A&B"}';
    $headers += ['content-type' => TYPE, 'content-length' => (string) strlen($body)];
    $path = root() . '/appoint/create';
    $at = '2025-05-15T12:00:00.123Z';
    echo authorization($at, 'POST', $path, [], $headers, $body, PLAIN, $sk), "\n";
}

if ($argv[1] === 'check') {
    check();
} else {
    play($argv[1]);
}
