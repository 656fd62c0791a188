package clickcounter.query.http;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Lets pages of other origins read the answers (CORS), if the setting `STATS_ORIGINS` names them, and answers the
/// question that a browser asks before (a preflight). It never allows cookies; a token is sent by the page itself.
///
/// A refusal must be readable, too, so this comes before everything that refuses.
///
/// **Threads**: any.
public final class CrossOrigin implements Handler {
    private static final String ANY = "*";
    private static final Pattern ORIGIN =
            Pattern.compile("https?://[a-z0-9.-]+(:\\d{1,5})?|https?://\\[[0-9a-f:]+](:\\d{1,5})?");
    private static final Header EXPOSED = HeaderValues.createCached(
            HeaderNames.ACCESS_CONTROL_EXPOSE_HEADERS, "ETag, Retry-After, Stats-Complete-Until, Stats-Minutes-Since");
    private static final List<Header> PREFLIGHT = List.of(
            HeaderValues.createCached(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
            HeaderValues.createCached(
                    HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Authorization, Content-Type, If-None-Match"),
            HeaderValues.createCached(HeaderNames.ACCESS_CONTROL_MAX_AGE, "86400"));

    private final Set<String> origins;

    /// @param origins those whose pages may read the answers, or `*` for all
    public CrossOrigin(Set<String> origins) {
        this.origins = Set.copyOf(origins);
    }

    /// Returns the origins that the setting names.
    public static Set<String> read(SettingsReader settings) {
        Set<String> origins = Arrays.stream(
                        settings.text(Setting.STATS_ORIGINS).orElse("").split(",", -1))
                .map(String::strip)
                .filter(origin -> !origin.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
        boolean isAny = origins.equals(Set.of(ANY));
        if (!isAny
                && !origins.stream().allMatch(origin -> ORIGIN.matcher(origin).matches())) {
            settings.wrong(
                    Setting.STATS_ORIGINS,
                    "a list of origins in lower case, such as https://ads.example.com,http://localhost:8080, or *");
        }
        return origins;
    }

    @Override
    public void handle(ServerRequest request, ServerResponse response) {
        Optional<String> origin = request.headers().first(HeaderNames.ORIGIN).filter(this::mayRead);
        if (origin.isEmpty()) {
            response.next();
            return;
        }
        response.header(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origins.contains(ANY) ? ANY : origin.get());
        response.header(EXPOSED);
        if (request.prologue().method().equals(Method.OPTIONS)
                && request.headers().contains(HeaderNames.ACCESS_CONTROL_REQUEST_METHOD)) {
            PREFLIGHT.forEach(response::header);
            response.status(Status.NO_CONTENT_204).send();
            return;
        }
        response.next();
    }

    private boolean mayRead(String origin) {
        return origins.contains(ANY) || origins.contains(origin);
    }
}
