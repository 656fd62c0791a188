package clickcounter.query.http;

import clickcounter.shared.http.Problem;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;

/// Passes requests with one of some methods to a handler, and answers all others 405.
///
/// @param methods separated by commas, as in the header `Allow`
public record AllowedMethods(String methods, Handler handler) implements Handler {
    public static final String GET_AND_HEAD = "GET, HEAD";

    @Override
    public void handle(ServerRequest request, ServerResponse response) throws Exception {
        String method = request.prologue().method().text();
        if (List.of(methods.split(", ", -1)).contains(method)) {
            handler.handle(request, response);
            return;
        }
        response.header(HeaderNames.ALLOW, methods);
        new Problem(
                        Status.METHOD_NOT_ALLOWED_405,
                        "The method %s is not allowed here; use %s.".formatted(Problem.quote(method), methods))
                .send(request, response);
    }
}
