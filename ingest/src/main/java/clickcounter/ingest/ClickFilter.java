package clickcounter.ingest;

import clickcounter.shared.http.BannerId;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.http.RequestBody;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogUnavailable;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;

/// Counts the clicks that [ClickConnection] leaves to it: `GET` and `POST` of `/v1/banners/counter/{bannerID}`
/// are appended to the log and then answered 204.
///
/// It is a filter and not a route because it sees every request first and costs nothing but a comparison of the
/// path; a route with a parameter is matched with a regular expression.
final class ClickFilter implements Filter {
    private static final String PATH = "/v1/banners/counter/";
    private static final Header ALLOW = HeaderValues.createCached(HeaderNames.ALLOW, "GET, HEAD, POST");
    private static final Header RETRY_AFTER = HeaderValues.createCached(HeaderNames.RETRY_AFTER, "1");

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
        if (!counts && !method.equals(Method.HEAD)) {
            response.header(ALLOW);
            new Problem(
                            Status.METHOD_NOT_ALLOWED_405,
                            "The method %s is not for clicks; use GET or POST.".formatted(Problem.quote(method.text())))
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
        response.status(Status.NO_CONTENT_204);
        response.header(Problem.NO_STORE);
        response.send();
        if (counts) {
            metrics.acknowledged();
        }
    }

    /// Returns false when the click is not in the log; the answer has then been sent.
    private boolean append(long bannerId, RoutingRequest request, RoutingResponse response) {
        // The body says nothing. It is read first, so that a request that breaks off or is too large counts
        // nothing.
        RequestBody.skip(request);
        try {
            writer.append(bannerId);
            return true;
        } catch (LogUnavailable unavailable) {
            String reason = unavailable.reason().sentence();
            metrics.refused(unavailable.reason());
            refusals.count(reason);
            response.header(RETRY_AFTER);
            new Problem(Status.SERVICE_UNAVAILABLE_503, reason + " The click was not counted.").send(request, response);
            return false;
        }
    }
}
