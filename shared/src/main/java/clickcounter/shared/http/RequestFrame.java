package clickcounter.shared.http;

import io.helidon.common.Weighted;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpFeature;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.util.concurrent.atomic.AtomicLong;

/// What happens around every request of a server:
/// - its duration is measured;
/// - while the server is draining, its answer closes the connection;
/// - a `HEAD` with a body is the last request of its connection;
/// - an answer that says `Connection: close` does close the connection; Helidon 4.5.0 would wait for another
///   request.
///
/// **Threads**: any.
public final class RequestFrame implements HttpFeature, Weighted {
    /// What the detail of an answer is when the server refuses.
    public static final String STOPPING = "The server is stopping. The request was not carried out.";

    /// What happens to a request.
    public enum Stage {
        /// It is answered.
        SERVING,
        /// It is answered, and its connection is closed.
        DRAINING,
        /// It is answered 503, and its connection is closed.
        REFUSING
    }

    private final RequestMetrics metrics;
    private final AtomicLong requestsWhileDraining = new AtomicLong();
    private volatile Stage stage = Stage.SERVING;

    RequestFrame(RequestMetrics metrics) {
        this.metrics = metrics;
    }

    /// Lets every answer close its connection from now on.
    void drain() {
        stage = Stage.DRAINING;
    }

    /// Answers every request 503 from now on, and closes its connection.
    void refuse() {
        stage = Stage.REFUSING;
    }

    /// Notes that a request has arrived that is answered without Helidon, and returns what must happen to it.
    public Stage arrived() {
        Stage now = stage;
        if (now != Stage.SERVING) {
            requestsWhileDraining.incrementAndGet();
        }
        return now;
    }

    /// Notes an answer that was given without Helidon.
    public void answered(Status status, long durationNs) {
        metrics.answered(status, durationNs);
    }

    /// Returns how many requests have arrived since [#drain].
    long requestsWhileDraining() {
        return requestsWhileDraining.get();
    }

    @Override
    public void setup(HttpRouting.Builder routing) {
        routing.addFilter(this::around);
    }

    /// Runs before the filters of the routing, some of which answer requests themselves.
    @Override
    public double weight() {
        return Weighted.DEFAULT_WEIGHT + 1;
    }

    private void around(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        long startNs = System.nanoTime();
        // This must not run after the chain, because an exception of a handler is answered outside of it.
        response.whenSent(() -> {
            metrics.answered(response.status(), System.nanoTime() - startNs);
            if (response.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
                skipBody(request);
                throw new CloseConnectionException("the answer has announced it");
            }
        });
        Stage now = arrived();
        if (now != Stage.SERVING || isHeadWithBody(request)) {
            response.header(HeaderValues.CONNECTION_CLOSE);
        }
        if (now == Stage.REFUSING) {
            new Problem(Status.SERVICE_UNAVAILABLE_503, STOPPING).send(request, response);
            return;
        }
        chain.proceed();
    }

    /// Whether Helidon would take the body for the next request: it does not expect that a `HEAD` has one.
    private static boolean isHeadWithBody(RoutingRequest request) {
        return request.prologue().method().equals(Method.HEAD)
                && (request.headers().contains(HeaderNames.TRANSFER_ENCODING)
                        || request.headers().contentLength().orElse(0) > 0);
    }

    /// Reads a body that no handler has read; else the system would reset the connection, perhaps before the
    /// answer arrives.
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
