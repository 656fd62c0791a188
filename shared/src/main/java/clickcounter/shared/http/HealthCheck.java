package clickcounter.shared.http;

import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;

/// The public health check, which is static and cheap: it says only that the process answers.
public final class HealthCheck {
    public static final String PATH = "/v1/healthcheck";

    private static final byte[] BODY = "{\"status\":\"ok\"}".getBytes(StandardCharsets.UTF_8);

    private HealthCheck() {}

    /// Returns the body of the answer.
    public static byte[] body() {
        return BODY.clone();
    }

    public static void send(ServerRequest request, ServerResponse response) {
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.header(Problem.NO_STORE);
        Problem.send(BODY, request, response);
    }
}
