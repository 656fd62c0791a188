package clickcounter.shared.http;

import io.helidon.common.Weighted;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpFeature;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.util.concurrent.atomic.AtomicLong;

/// What happens around every request of a server. Its time is taken; while the server takes leave its answer
/// closes the connection; and after an answer that says `Connection: close` the connection is closed. (Helidon
/// 4.5.0 says so, but waits for another request.)
///
/// **Threads**: any.
public final class RequestFrame implements HttpFeature, Weighted {
    private static final Header RETRY_AFTER = HeaderValues.createCached(HeaderNames.RETRY_AFTER, "1");

    private enum Stage {
        SERVING,
        LEAVING,
        REFUSING
    }

    private final RequestMetrics metrics;
    private final AtomicLong requestsWhileLeaving = new AtomicLong();
    private volatile Stage stage = Stage.SERVING;

    RequestFrame(RequestMetrics metrics) {
        this.metrics = metrics;
    }

    /// From now on each answer closes its connection.
    void leave() {
        stage = Stage.LEAVING;
    }

    /// From now on each request is answered 503, and its connection closed.
    void refuse() {
        stage = Stage.REFUSING;
    }

    /// Whether answers must close their connections now. A request that would be answered without Helidon must
    /// then be given to it.
    public boolean isLeaving() {
        return stage != Stage.SERVING;
    }

    /// Counts a request that was answered without Helidon.
    public void answered(Status status, long durationNs) {
        metrics.answered(status, durationNs);
    }

    /// How many requests have come since [#leave].
    long requestsWhileLeaving() {
        return requestsWhileLeaving.get();
    }

    @Override
    public void setup(HttpRouting.Builder routing) {
        routing.addFilter(this::around);
    }

    /// Before the filters of the routing, some of which answer by themselves.
    @Override
    public double weight() {
        return Weighted.DEFAULT_WEIGHT + 1;
    }

    private void around(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        long startNs = System.nanoTime();
        // Not after the chain: what a handler throws is answered outside of it.
        response.whenSent(() -> {
            metrics.answered(response.status(), System.nanoTime() - startNs);
            if (response.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
                skipBody(request);
                throw new CloseConnectionException("as announced");
            }
        });
        if (stage != Stage.SERVING) {
            requestsWhileLeaving.incrementAndGet();
            response.header(HeaderValues.CONNECTION_CLOSE);
            if (stage == Stage.REFUSING) {
                response.header(RETRY_AFTER);
                new Problem(Status.SERVICE_UNAVAILABLE_503, "The server is stopping. The request was not carried out.")
                        .send(request, response);
                return;
            }
        }
        chain.proceed();
    }

    /// A body that nobody has read would make the system reset the connection, and the answer might be lost.
    private static void skipBody(RoutingRequest request) {
        try {
            if (request.continueSent() && !request.content().consumed()) {
                request.content().consume();
            }
        } catch (RuntimeException cannotBeRead) {
            // The connection is closed anyway.
        }
    }
}
