// A client of Callkeeper in plain Java (15 or newer), after docs/api.md:
//
//   java Client.java CAMPAIGN
//   java Client.java check
//
// CALLKEEPER_URL, CALLKEEPER_AK, CALLKEEPER_SK and CALLKEEPER_VDN say which server, and as whom;
// CALLKEEPER_CA names a certificate to trust. It prints one line of JSON for each step.
// With `check` it sends nothing, and signs the requests of "To check a signer" in docs/api.md.

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
    // The server takes all eight forms. A client needs one of them, such as PLAIN.
    record Form(boolean threeHeaders, boolean milliseconds, boolean emptyQueryLine) {}

    static final Form PLAIN = new Form(false, false, false);
    static final Form FULL = new Form(true, true, true);
    static final String TYPE = "application/json; charset=UTF-8";
    static final long HOUR = 3_600_000;

    final URI server = URI.create(System.getenv("CALLKEEPER_URL"));
    final String ak = System.getenv("CALLKEEPER_AK");
    final String root = "/rest/isales/v1/openapi/campaigns/" + System.getenv("CALLKEEPER_VDN");
    final HttpClient http;
    String sk = System.getenv("CALLKEEPER_SK");

    Client() throws Exception {
        String ca = System.getenv("CALLKEEPER_CA");
        http = ca == null
            ? HttpClient.newHttpClient()
            : HttpClient.newBuilder().sslContext(trusting(ca)).build();
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("check")) {
            new Client().check();
        } else {
            new Client().play(arguments[0]);
        }
    }

    void play(String campaign) throws Exception {
        long at = System.currentTimeMillis() + HOUR;
        String secret = sk;
        sk = "not " + secret;
        post("wrong signature", "/appoint/list", "{\"offset\":0,\"limit\":10}", PLAIN);
        sk = secret;

        String wish = """
            {"callType":%d,"calledNo":"%s","userAccount":"ann","taskId":"%s","appointTime":%d,%s}""";
        String manual = idIn(post("create manual", "/appoint/create",
            wish.formatted(1, "66660001", campaign, at, "\"remark\":\"回访 A&B\""), PLAIN));
        String callData = "\"callData\":" + quoted("{\"name\":\"张三\"}");
        String automatic = idIn(post("create automatic", "/appoint/create",
            wish.formatted(2, "66660002", campaign, at + HOUR, callData), FULL));

        String filters = """
            {"calledNo":"66660001","userAccountList":["ann","bob"],"taskId":"%s",
             "beginTime":%d,"endTime":%d,"offset":0,"limit":10}""";
        for (int bits = 0; bits < 8; bits++) {
            Form form = new Form((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
            post("list", "/appoint/list", filters.formatted(campaign, at, at + HOUR), form);
        }

        post("update", "/appoint/update", """
            {"appointId":"%s","appointTime":%d,"remark":"改期"}""".formatted(manual, at + 1), FULL);
        post("define a business result", "/addBusinessResult",
            "{\"name\":\"成交\",\"code\":\"sold\"}", PLAIN);
        post("update result", "/appoint/updateResult", """
            {"appointId":"%s","failCode":"00000","busiResult":"sold"}""".formatted(manual), PLAIN);
        post("delete", "/appoint/delete", "{\"appointId\":\"%s\"}".formatted(automatic), FULL);

        call("query campaigns", "GET", "", Map.of("name", "回访 A+B", "status", "2",
            "deviceType", "0", "beginTime", "", "curPage", "1", "rowsPerPage", "10"), "", PLAIN);
        call("pause", "PUT", "/" + campaign + "/pause", Map.of(), "", PLAIN);
        post("list all", "/appoint/list", "{\"offset\":0,\"limit\":10}", PLAIN);
    }

    void check() throws Exception {
        Map<String, String> headers = new TreeMap<>(Map.of("host", server.getAuthority()));
        System.out.println(authorization("2025-05-15T12:00:00Z", "GET", root, Map.of(
            "status", "2", "deviceType", "0", "name", "回访 A+B", "beginTime", ""),
            headers, "", PLAIN));
        String body = """
            {"callType":1,"calledNo":"66660001","userAccount":"ann","taskId":"1",\
            "appointTime":1893578400000,"remark":"回访 A&B"}""";
        headers.put("content-type", TYPE);
        headers.put("content-length", String.valueOf(body.getBytes(UTF_8).length));
        System.out.println(authorization("2025-05-15T12:00:00.123Z", "POST",
            root + "/appoint/create", Map.of(), headers, body, PLAIN));
    }

    String post(String step, String path, String body, Form form) throws Exception {
        return call(step, "POST", path, Map.of(), body, form);
    }

    String call(String step, String method, String path, Map<String, String> query, String body,
            Form form) throws Exception {
        // In the query that is sent, a blank may be a plus sign; what is signed has %20.
        String asked = query.isEmpty() ? "" : "?" + encoded(query).replace("%20", "+");
        URI uri = server.resolve(root + path + asked);
        Map<String, String> headers = new TreeMap<>(Map.of("host", uri.getAuthority()));
        if (form.threeHeaders()) {
            headers.put("content-type", TYPE);
            headers.put("content-length", String.valueOf(body.getBytes(UTF_8).length));
        }
        HttpRequest request = HttpRequest.newBuilder(uri)
            .header("Authorization",
                authorization(now(form), method, root + path, query, headers, body, form))
            .header("Content-Type", TYPE)
            .method(method, BodyPublishers.ofString(body))
            .build();
        var response = http.send(request, BodyHandlers.ofString(UTF_8));
        System.out.write("{\"step\":\"%s\",\"status\":%d,\"answer\":%s}\n".formatted(
            step, response.statusCode(), response.body()).getBytes(UTF_8));
        return response.body();
    }

    static String now(Form form) {
        String pattern = "uuuu-MM-dd'T'HH:mm:ss" + (form.milliseconds() ? ".SSS'Z'" : "'Z'");
        return DateTimeFormatter.ofPattern(pattern)
            .withZone(ZoneOffset.UTC).format(Instant.now());
    }

    String authorization(String timestamp, String method, String path, Map<String, String> query,
            Map<String, String> headers, String body, Form form) throws Exception {
        String signedHeaders = String.join(";", headers.keySet());
        String prefix = String.join("/", "auth-v2", ak, timestamp, signedHeaders);

        List<String> lines = new ArrayList<>(List.of(method, path));
        if (!query.isEmpty() || form.emptyQueryLine()) {
            lines.add(encoded(query));
        }
        lines.add(signedHeaders);
        headers.forEach((name, value) -> lines.add(enc(name) + ":" + enc(value)));
        lines.add(enc(body));
        return prefix + "/" + hmac(hmac(sk, prefix), String.join("\n", lines));
    }

    static String encoded(Map<String, String> query) {
        return query.entrySet().stream()
            .map(each -> enc(each.getKey()) + "=" + enc(each.getValue()))
            .sorted().collect(Collectors.joining("&"));
    }

    static String enc(String text) {
        StringBuilder made = new StringBuilder();
        for (byte each : text.getBytes(UTF_8)) {
            boolean stays = (each >= '0' && each <= '9') || (each >= 'A' && each <= 'Z')
                || (each >= 'a' && each <= 'z') || "-._~".indexOf(each) >= 0;
            made.append(stays ? String.valueOf((char) each) : "%%%02X".formatted(each));
        }
        return made.toString();
    }

    static String hmac(String key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key.getBytes(UTF_8), "HmacSHA256"));
        StringBuilder hex = new StringBuilder();
        for (byte each : mac.doFinal(text.getBytes(UTF_8))) {
            hex.append("%02x".formatted(each));
        }
        return hex.toString();
    }

    static SSLContext trusting(String certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var file = new FileInputStream(certificate)) {
            var read = CertificateFactory.getInstance("X.509").generateCertificate(file);
            store.setCertificateEntry("callkeeper", read);
        }
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    // The JDK has no JSON; a real client uses the library that it has anyway.
    static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    static String idIn(String answer) {
        var found = Pattern.compile("\"appointId\":\"([^\"]+)\"").matcher(answer);
        if (!found.find()) {
            throw new IllegalStateException(answer);
        }
        return found.group(1);
    }
}
