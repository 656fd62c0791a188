package clickcounter.query;

import clickcounter.shared.http.Problem;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.Optional;

/// Lets only those go on who send `STATS_TOKEN` as a bearer token (RFC 6750).
///
/// Digests are compared, in a time that tells neither how long the token is nor where another one differs.
///
/// **Threads**: any.
final class TokenCheck implements Handler {
    /// All that tells counts; the dashboard's own files are open, and ask for the token.
    static final String PATHS = "/v1/banners/*";

    private static final String SCHEME = "bearer ";

    private final byte[] digest;

    TokenCheck(String token) {
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
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("Every Java has SHA-256.", impossible);
        }
    }
}
