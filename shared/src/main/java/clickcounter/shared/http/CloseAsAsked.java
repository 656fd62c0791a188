package clickcounter.shared.http;

import io.helidon.common.Weighted;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpFeature;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;

/// Closes the connection after the answer when the request says `Connection: close`. Helidon 4.5.0 announces that in
/// its answer but waits for another request.
final class CloseAsAsked implements HttpFeature, Weighted {
    @Override
    public void setup(HttpRouting.Builder routing) {
        routing.addFilter(CloseAsAsked::closeAfterwards);
    }

    /// Before the filters of the routing, some of which answer by themselves.
    @Override
    public double weight() {
        return Weighted.DEFAULT_WEIGHT + 1;
    }

    private static void closeAfterwards(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        chain.proceed();
        if (request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
            // A body that nobody has read would make the system reset the connection, and the answer might be lost.
            if (request.continueSent() && !request.content().consumed()) {
                request.content().consume();
            }
            throw new CloseConnectionException("as the client asked");
        }
    }
}
