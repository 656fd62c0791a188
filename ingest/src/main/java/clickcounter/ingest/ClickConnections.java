package clickcounter.ingest;

import io.helidon.common.buffers.BufferData;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/// Creates a [ClickConnection] for each connection to ingest, and distributes them evenly over the loops.
///
/// **Threads**: any.
final class ClickConnections implements ServerConnectionSelector {
    private final List<ClickLoop> loops;
    private final ServerConnectionSelector helidon;
    private final AtomicInteger next = new AtomicInteger();

    /// @param helidon creates Helidon's own connections
    ClickConnections(List<ClickLoop> loops, ServerConnectionSelector helidon) {
        this.loops = loops;
        this.helidon = helidon;
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        ClickLoop loop = loops.get(Math.floorMod(next.getAndIncrement(), loops.size()));
        return new ClickConnection(loop, helidon, context);
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
