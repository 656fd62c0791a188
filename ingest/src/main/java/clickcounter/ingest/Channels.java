package clickcounter.ingest;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.NioSocket;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.SocketChannel;

/// Gets the channel behind one of Helidon's sockets, which Helidon 4.5.0 keeps in a private field. If another
/// release names that field otherwise, ingest does not start and says so.
final class Channels {
    private static final VarHandle CHANNEL = channelOfNioSocket();

    private Channels() {}

    /// Returns the channel of a socket that the server has accepted, which is always a [NioSocket].
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
