// A client of Callkeeper in plain Node, after docs/api.md:
//
//   node client.js CAMPAIGN
//   node client.js check
//
// CALLKEEPER_URL, CALLKEEPER_AK, CALLKEEPER_SK and CALLKEEPER_VDN say which server, and as whom;
// CALLKEEPER_CA names a certificate to trust. It prints one line of JSON for each step.
// With `check` it sends nothing, and signs the requests of "To check a signer" in docs/api.md.

const { createHmac } = require('node:crypto');
const { readFileSync } = require('node:fs');

const { CALLKEEPER_URL, CALLKEEPER_AK, CALLKEEPER_SK, CALLKEEPER_VDN, CALLKEEPER_CA } = process.env;
const TYPE = 'application/json; charset=UTF-8';
const HOUR = 3_600_000;
const { protocol, host } = new URL(CALLKEEPER_URL);
const { request } = require(protocol === 'https:' ? 'node:https' : 'node:http');
const ca = CALLKEEPER_CA && readFileSync(CALLKEEPER_CA);
const root = `/rest/isales/v1/openapi/campaigns/${CALLKEEPER_VDN}`;

// The server takes all eight forms. A client needs one of them, such as PLAIN.
const PLAIN = { threeHeaders: false, milliseconds: false, emptyQueryLine: false };
const FULL = { threeHeaders: true, milliseconds: true, emptyQueryLine: true };

const percent = (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`;
const enc = (text) => encodeURIComponent(text).replace(/[!'()*]/g, percent);

const hmac = (key, text) => createHmac('sha256', key).update(text, 'utf8').digest('hex');

const encoded = (query) =>
  Object.entries(query).map(([name, value]) => `${enc(name)}=${enc(value)}`).sort().join('&');

function now(form) {
  const timestamp = new Date().toISOString();
  return form.milliseconds ? timestamp : `${timestamp.slice(0, 19)}Z`;
}

function authorization(timestamp, method, path, query, headers, body, form, sk) {
  const names = Object.keys(headers).sort();
  const prefix = ['auth-v2', CALLKEEPER_AK, timestamp, names.join(';')].join('/');
  const hasQueryLine = Object.keys(query).length > 0 || form.emptyQueryLine;
  const canonical = [
    method,
    path,
    ...(hasQueryLine ? [encoded(query)] : []),
    names.join(';'),
    ...names.map((name) => `${enc(name)}:${enc(headers[name])}`),
    enc(body),
  ].join('\n');
  return `${prefix}/${hmac(hmac(sk, prefix), canonical)}`;
}

function call(step, method, path, { query = {}, fields, form = PLAIN, sk = CALLKEEPER_SK } = {}) {
  const body = fields ? JSON.stringify(fields) : '';
  const signed = { host };
  if (form.threeHeaders) {
    signed['content-type'] = TYPE;
    signed['content-length'] = String(Buffer.byteLength(body));
  }
  const asked = Object.keys(query).length ? `?${encoded(query)}` : '';
  const headers = {
    authorization: authorization(now(form), method, root + path, query, signed, body, form, sk),
    'content-type': TYPE,
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const url = CALLKEEPER_URL + root + path + asked;
    const sent = request(url, { method, headers, ca }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        console.log(JSON.stringify({ step, status: response.statusCode, answer }));
        resolve(answer);
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const post = (step, path, fields, form, sk) => call(step, 'POST', path, { fields, form, sk });

async function play(campaign) {
  const at = Date.now() + HOUR;
  const page = { offset: 0, limit: 10 };
  await post('wrong signature', '/appoint/list', page, PLAIN, `not ${CALLKEEPER_SK}`);

  const wish = { userAccount: 'ann', taskId: campaign };
  const manual = await post('create manual', '/appoint/create',
    { ...wish, callType: 1, calledNo: '66660001', appointTime: at, remark: '回访 A&B' });
  const callData = JSON.stringify({ name: '张三' });
  const automatic = await post('create automatic', '/appoint/create',
    { ...wish, callType: 2, calledNo: '66660002', appointTime: at + HOUR, callData }, FULL);

  const filters = { calledNo: '66660001', userAccountList: ['ann', 'bob'], taskId: campaign,
    beginTime: at, endTime: at + HOUR, ...page };
  for (let bits = 0; bits < 8; bits++) {
    const [threeHeaders, milliseconds, emptyQueryLine] = [1, 2, 4].map((bit) => (bits & bit) > 0);
    await post('list', '/appoint/list', filters, { threeHeaders, milliseconds, emptyQueryLine });
  }

  const { appointId } = manual.returnObject;
  await post('update', '/appoint/update', { appointId, appointTime: at + 1, remark: '改期' }, FULL);
  await post('define a business result', '/addBusinessResult', { name: '成交', code: 'sold' });
  await post('update result', '/appoint/updateResult',
    { appointId, failCode: '00000', busiResult: 'sold' });
  await post('delete', '/appoint/delete', { appointId: automatic.returnObject.appointId }, FULL);

  const query = { name: '回访 A+B', status: 2, deviceType: 0, beginTime: '', curPage: 1,
    rowsPerPage: 10 };
  await call('query campaigns', 'GET', '', { query });
  await call('pause', 'PUT', `/${campaign}/pause`);
  await post('list all', '/appoint/list', page);
}

function check() {
  const query = { status: 2, deviceType: 0, name: '回访 A+B', beginTime: '' };
  console.log(authorization('2025-05-15T12:00:00Z', 'GET', root, query, { host }, '', PLAIN,
    CALLKEEPER_SK));
  const body = '{"callType":1,"calledNo":"66660001","userAccount":"ann","taskId":"1",'
    + '"appointTime":1893578400000,"remark":"回访 A&B"}';
  const headers = { host, 'content-type': TYPE, 'content-length': Buffer.byteLength(body) };
  console.log(authorization('2025-05-15T12:00:00.123Z', 'POST', `${root}/appoint/create`, {},
    headers, body, PLAIN, CALLKEEPER_SK));
}

if (process.argv[2] === 'check') check();
else play(process.argv[2]);
