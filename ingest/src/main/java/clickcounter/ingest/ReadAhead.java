package clickcounter.ingest;

import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/// The context of a connection from which some bytes were read already; its reader returns them first.
///
/// **Threads**: the connection's own.
final class ReadAhead implements ConnectionContext {
    private final ConnectionContext context;
    private final DataReader reader;
    private byte @Nullable [] ahead;

    /// @param ahead the bytes that were read already
    ReadAhead(ConnectionContext context, byte[] ahead) {
        this.context = context;
        this.ahead = ahead;
        reader = DataReader.create(this::read);
    }

    private byte[] read() {
        byte[] first = ahead;
        ahead = null;
        if (first != null && first.length > 0) {
            return first;
        }
        DataReader rest = context.dataReader();
        rest.ensureAvailable();
        return rest.readBytes(rest.available());
    }

    @Override
    public DataReader dataReader() {
        return reader;
    }

    @Override
    public DataWriter dataWriter() {
        return context.dataWriter();
    }

    @Override
    public ListenerContext listenerContext() {
        return context.listenerContext();
    }

    @Override
    public ExecutorService executor() {
        return context.executor();
    }

    @Override
    public Router router() {
        return context.router();
    }

    @Override
    public Optional<ProxyProtocolData> proxyProtocolData() {
        return context.proxyProtocolData();
    }

    @Override
    public HelidonSocket serverSocket() {
        return context.serverSocket();
    }

    @Override
    public PeerInfo remotePeer() {
        return context.remotePeer();
    }

    @Override
    public PeerInfo localPeer() {
        return context.localPeer();
    }

    @Override
    public boolean isSecure() {
        return context.isSecure();
    }

    @Override
    public String socketId() {
        return context.socketId();
    }

    @Override
    public String childSocketId() {
        return context.childSocketId();
    }
}
