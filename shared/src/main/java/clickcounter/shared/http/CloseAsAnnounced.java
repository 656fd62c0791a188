package clickcounter.shared.http;

import io.helidon.common.Weighted;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpFeature;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;

/// Closes the connection after an answer that says `Connection: close`, as the answer does when the request
/// says it or when the rest of the request cannot be read. Helidon 4.5.0 says so, but waits for another
/// request.
final class CloseAsAnnounced implements HttpFeature, Weighted {
    @Override
    public void setup(HttpRouting.Builder routing) {
        routing.addFilter(CloseAsAnnounced::closeAfterwards);
    }

    /// Before the filters of the routing, some of which answer by themselves.
    @Override
    public double weight() {
        return Weighted.DEFAULT_WEIGHT + 1;
    }

    private static void closeAfterwards(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        // Not after the chain: what a handler throws is answered outside of it.
        response.whenSent(() -> {
            if (response.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
                skipBody(request);
                throw new CloseConnectionException("as announced");
            }
        });
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
