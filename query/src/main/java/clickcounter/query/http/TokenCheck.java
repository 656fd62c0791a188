package clickcounter.query.http;

import clickcounter.shared.http.Problem;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Optional;

/// Lets a request pass only if it carries `STATS_TOKEN` as a bearer token (RFC 6750).
///
/// Digests are compared, so that the time it takes reveals neither the length of the token nor where a wrong one
/// differs.
///
/// **Threads**: any.
public final class TokenCheck implements Handler {
    /// All paths that tell counts. The dashboard's files are open, and ask the user for the token.
    public static final String PATHS = "/v1/banners/*";

    private static final String SCHEME = "bearer ";

    private final byte[] digest;

    public TokenCheck(String token) {
        digest = digest(token);
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Optional<String> header = request.headers().first(HeaderNames.AUTHORIZATION);
        if (header.filter(this::isRight).isPresent()) {
            response.next();
            return;
        }
        response.header(
                HeaderNames.WWW_AUTHENTICATE,
                header.isEmpty()
                        ? "Bearer realm=\"statistics\""
                        : "Bearer realm=\"statistics\", error=\"invalid_token\"");
        new Problem(
                        Status.UNAUTHORIZED_401,
                        header.isEmpty()
                                ? "Statistics need a token here: send the header Authorization: Bearer, followed by it."
                                : "The token in the header Authorization is not the one that statistics need here.")
                .send(request, response);
    }

    private boolean isRight(String header) {
        return header.toLowerCase(Locale.ROOT).startsWith(SCHEME)
                && MessageDigest.isEqual(
                        digest, digest(header.substring(SCHEME.length()).strip()));
    }

    private static byte[] digest(String token) {
        return EntityTag.sha256().digest(token.getBytes(StandardCharsets.UTF_8));
    }
}
