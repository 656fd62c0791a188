package clickcounter.ingest;

import clickcounter.shared.http.RequestFrame;
import clickcounter.shared.log.ClickWriter;
import io.helidon.common.buffers.BufferData;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Set;

/// Makes each connection of ingest a [ClickConnection].
///
/// @param writer the log
/// @param metrics count the clicks
/// @param helidon what makes Helidon's own connections
/// @param frame what happens around every request
record ClickConnections(ClickWriter writer, ClickMetrics metrics, ServerConnectionSelector helidon, RequestFrame frame)
        implements ServerConnectionSelector {
    @Override
    public ServerConnection connection(ConnectionContext context) {
        return new ClickConnection(this, context);
    }

    @Override
    public int bytesToIdentifyConnection() {
        return helidon.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData firstBytes) {
        return helidon.supports(firstBytes);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return helidon.supportedApplicationProtocols();
    }
}
