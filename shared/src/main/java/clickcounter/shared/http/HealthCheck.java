package clickcounter.shared.http;

import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;

/// The public health check, which is static and cheap: it says only that the process answers.
public final class HealthCheck {
    /// The path of the health check.
    public static final String PATH = "/v1/healthcheck";

    private static final byte[] BODY = "{\"status\":\"ok\"}".getBytes(StandardCharsets.UTF_8);

    private HealthCheck() {}

    /// Sends the answer to `GET`.
    public static void send(ServerResponse response) {
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.header(Problem.NO_STORE);
        response.send(BODY);
    }

    /// Sends the answer to `HEAD`, which is that to `GET` without its body.
    public static void sendHead(ServerResponse response) {
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.header(Problem.NO_STORE);
        response.contentLength(BODY.length);
        response.send();
    }
}
