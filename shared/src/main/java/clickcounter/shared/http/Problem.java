package clickcounter.shared.http;

import clickcounter.shared.Json;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;

/// An error answer as RFC 9457 has it: `application/problem+json` with a sentence that says what was wrong.
///
/// @param status the HTTP status
/// @param detail what was wrong, with which value, for the client; it names nothing of the inside
public record Problem(Status status, String detail) {
    /// The content type of every error answer.
    public static final Header CONTENT_TYPE =
            HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/problem+json");

    /// No cache may keep an answer that counts or that will be another one soon.
    public static final Header NO_STORE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-store");

    private static final int MAX_QUOTED_LENGTH = 64;

    /// Sends the answer. Headers such as `Allow` or `Retry-After` are set before.
    public void send(ServerRequest request, ServerResponse response) {
        byte[] body = bytes();
        response.status(status);
        response.header(CONTENT_TYPE);
        response.header(NO_STORE);
        if (request.prologue().method().equals(Method.HEAD)) {
            // The client would take a body for the beginning of the next answer.
            response.contentLength(body.length);
            response.send();
            return;
        }
        response.send(body);
    }

    /// The body.
    public byte[] bytes() {
        return """
                {"type":"about:blank","title":"%s","status":%d,"detail":"%s"}""".formatted(Json.escape(status.reasonPhrase()), status.code(), Json.escape(detail))
                .getBytes(StandardCharsets.UTF_8);
    }

    /// A client's value for use in `detail`: in quotation marks, cut when long.
    public static String quote(String value) {
        return value.length() <= MAX_QUOTED_LENGTH
                ? "\"" + value + "\""
                : "\"" + value.substring(0, MAX_QUOTED_LENGTH) + "…\" (" + value.length() + " characters)";
    }
}
