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

/// An error answer as RFC 9457 defines it: `application/problem+json` with a sentence that says what was wrong.
///
/// @param status the HTTP status
/// @param detail what was wrong, with which value; clients see it, so it reveals nothing internal
public record Problem(Status status, String detail) {
    /// Forbids caches to keep an answer that counts a click or will soon change.
    public static final Header NO_STORE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-store");

    static final Header CONTENT_TYPE = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/problem+json");

    private static final Header RETRY_AFTER = HeaderValues.createCached(HeaderNames.RETRY_AFTER, "1");

    private static final int MAX_QUOTED_LENGTH = 64;

    /// Sends the answer, with `Retry-After: 1` if the status is 503. The caller sets other headers, such as
    /// `Allow` or another `Retry-After`, before.
    public void send(ServerRequest request, ServerResponse response) {
        response.status(status);
        response.header(CONTENT_TYPE);
        response.header(NO_STORE);
        if (status.equals(Status.SERVICE_UNAVAILABLE_503)) {
            response.headers().setIfAbsent(RETRY_AFTER);
        }
        send(bytes(), request, response);
    }

    /// Sends a body, or only its length if the request is a `HEAD`: the client would take the body for the start
    /// of the next answer.
    static void send(byte[] body, ServerRequest request, ServerResponse response) {
        if (request.prologue().method().equals(Method.HEAD)) {
            response.contentLength(body.length);
            response.send();
        } else {
            response.send(body);
        }
    }

    public byte[] bytes() {
        return """
                {"type":"about:blank","title":"%s","status":%d,"detail":"%s"}""".formatted(Json.escape(status.reasonPhrase()), status.code(), Json.escape(detail))
                .getBytes(StandardCharsets.UTF_8);
    }

    /// Returns a client's value for use in `detail`: in quotation marks, and shortened if it is long.
    public static String quote(String value) {
        return value.length() <= MAX_QUOTED_LENGTH
                ? "\"" + value + "\""
                : "\"" + value.substring(0, MAX_QUOTED_LENGTH) + "…\" (" + value.length() + " characters)";
    }
}
