package clickcounter.ingest;

import clickcounter.shared.http.BannerId;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.http.RequestBody;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogUnavailable;
import clickcounter.shared.log.LogUnavailable.Reason;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.util.List;
import java.util.regex.Pattern;

/// Counts the clicks that no [ClickLoop] answers, such as those with a body in chunks: appends `GET` and `POST` of
/// `/v1/banners/counter/{bannerID}` to the log, then answers them 204.
///
/// This is a filter, not a route, because a filter sees every request first and costs only a comparison of the
/// path; a route with a parameter is matched with a regular expression.
final class ClickFilter implements Filter {
    private static final String PATH = "/v1/banners/counter/";
    private static final Header ALLOW = HeaderValues.createCached(HeaderNames.ALLOW, "GET, HEAD, OPTIONS, POST");

    /// The end of the answer to a click that is not in the log.
    static final String NOT_COUNTED = " The click was not counted.";

    private static final Header ALLOW_CREDENTIALS =
            HeaderValues.createCached(HeaderNames.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");

    /// Clicks are open to the pages of all sites (Fetch standard, 3.2): `sendBeacon` with JSON asks first.
    private static final List<Header> PREFLIGHT = List.of(
            HeaderValues.createCached(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
            HeaderValues.createCached(HeaderNames.ACCESS_CONTROL_MAX_AGE, "86400"),
            HeaderValues.createCached(HeaderNames.VARY, "Origin, Access-Control-Request-Headers"));

    /// What a preflight is answered that does not say which headers it is about, because a proxy left them out.
    private static final String USUAL_HEADERS = "Content-Type";

    private static final Pattern HEADER_LIST = Pattern.compile("[\\w-]+( *, *[\\w-]+)*");

    private final ClickWriter writer;
    private final ClickMetrics metrics;
    private final RefusalReport refusals;

    ClickFilter(ClickWriter writer, ClickMetrics metrics, RefusalReport refusals) {
        this.writer = writer;
        this.metrics = metrics;
        this.refusals = refusals;
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        String path = request.prologue().uriPath().rawPath();
        if (!path.startsWith(PATH) || path.indexOf('/', PATH.length()) >= 0) {
            chain.proceed();
            return;
        }
        Method method = request.prologue().method();
        boolean counts = method.equals(Method.GET) || method.equals(Method.POST);
        // An asterisk would not do for a browser that has cookies for this host.
        request.headers().first(HeaderNames.ORIGIN).ifPresent(origin -> {
            response.header(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.header(ALLOW_CREDENTIALS);
        });
        if (method.equals(Method.OPTIONS)) {
            answerPreflight(request, response);
            return;
        }
        if (!counts && !method.equals(Method.HEAD)) {
            response.header(ALLOW);
            new Problem(
                            Status.METHOD_NOT_ALLOWED_405,
                            "The method %s does not count clicks; use GET or POST."
                                    .formatted(Problem.quote(method.text())))
                    .send(request, response);
            return;
        }
        long bannerId = BannerId.parse(path, PATH.length());
        if (bannerId == BannerId.INVALID) {
            BannerId.problem(path.substring(PATH.length())).send(request, response);
            return;
        }
        if (counts && !append(bannerId, request, response)) {
            return;
        }
        if (counts) {
            // Sending may end the connection with an exception.
            metrics.acknowledged(1);
        }
        response.status(Status.NO_CONTENT_204);
        response.header(Problem.NO_STORE);
        response.send();
    }

    private static void answerPreflight(RoutingRequest request, RoutingResponse response) {
        String asked = request.headers()
                .first(HeaderNames.ACCESS_CONTROL_REQUEST_HEADERS)
                .filter(names -> HEADER_LIST.matcher(names).matches())
                .orElse(USUAL_HEADERS);
        response.header(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, asked);
        PREFLIGHT.forEach(response::header);
        response.header(ALLOW);
        response.status(Status.NO_CONTENT_204).send();
    }

    /// Appends a click. If it could not be appended, sends the answer and returns false.
    private boolean append(long bannerId, RoutingRequest request, RoutingResponse response) {
        // The body means nothing, but a request whose body breaks off or is too large must not count.
        RequestBody.skip(request);
        try {
            writer.write(bannerId);
        } catch (LogUnavailable unavailable) {
            if (unavailable.reason() == Reason.FAULT) {
                throw withoutAnswer(unavailable);
            }
            String reason = unavailable.reason().sentence();
            metrics.refused(unavailable.reason());
            refusals.count(reason);
            new Problem(Status.SERVICE_UNAVAILABLE_503, reason + NOT_COUNTED).send(request, response);
            return false;
        }
        try {
            writer.awaitDisk();
            return true;
        } catch (LogUnavailable unavailable) {
            throw withoutAnswer(unavailable);
        }
    }

    /// Closes the connection without an answer, because the click may be in the log but not on disk: after a 503, a
    /// proxy would send it again, and it would count twice.
    private static CloseConnectionException withoutAnswer(LogUnavailable fault) {
        return new CloseConnectionException("the click may or may not be counted", fault);
    }
}
