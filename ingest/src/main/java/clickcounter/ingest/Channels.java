package clickcounter.ingest;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.NioSocket;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.SocketChannel;

/// The channel behind one of Helidon's sockets. Helidon 4.5.0 keeps it to itself; with another release that has
/// another field, ingest does not start and says so.
final class Channels {
    private static final VarHandle CHANNEL = channelOfNioSocket();

    private Channels() {}

    /// The channel of a socket that the server has accepted; it is always one of NIO's.
    static SocketChannel of(HelidonSocket socket) {
        return (SocketChannel) CHANNEL.get((NioSocket) socket);
    }

    private static VarHandle channelOfNioSocket() {
        try {
            return MethodHandles.privateLookupIn(NioSocket.class, MethodHandles.lookup())
                    .findVarHandle(NioSocket.class, "delegate", SocketChannel.class);
        } catch (ReflectiveOperationException anotherRelease) {
            throw new ExceptionInInitializerError(anotherRelease);
        }
    }
}
