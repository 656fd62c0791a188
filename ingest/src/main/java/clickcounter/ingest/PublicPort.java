package clickcounter.ingest;

import clickcounter.ingest.ClickLoop.Limits;
import clickcounter.ingest.ClickLoop.Parts;
import clickcounter.shared.Opened;
import clickcounter.shared.StartFailure;
import clickcounter.shared.http.HttpSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What the public talks to: a TCP port and, if `INGEST_SOCKET` is set, a Unix socket. Their connections go to the
/// [ClickLoop]s.
final class PublicPort implements AutoCloseable {
    private static final int BACKLOG = 4096;

    /// The shortest limit of all systems; Linux allows some more.
    static final int MAX_SOCKET_PATH_LENGTH = 103;

    private final Opened opened = new Opened();
    private final int port;
    private final List<ClickLoop> loops;

    private PublicPort(HttpSettings settings, int threads, Parts parts) {
        try {
            List<ServerSocketChannel> ports = new ArrayList<>();
            var tcp = opened.add(listen(settings));
            ports.add(tcp);
            if (settings.socket() != null) {
                ports.add(opened.add(listen(settings.socket())));
                opened.onClose(() -> Files.deleteIfExists(settings.socket()));
            }
            port = ((InetSocketAddress) tcp.getLocalAddress()).getPort();
            for (ServerSocketChannel each : ports) {
                each.configureBlocking(false);
            }
            loops = ClickLoop.start(threads, parts, ports);
            // The first loop accepts connections for the others, so it closes first, and asks them to close.
            loops.reversed().forEach(opened::add);
        } catch (IOException failure) {
            opened.closeAfter(failure);
            throw new StartFailure("The public port cannot be set up: %s.".formatted(failure), failure);
        } catch (RuntimeException failure) {
            opened.closeAfter(failure);
            throw failure;
        }
    }

    /// Listens, and starts the loops.
    ///
    /// **Errors**: [StartFailure] if the port or the socket cannot be listened on.
    static PublicPort open(HttpSettings settings, int threads, Parts parts) {
        return new PublicPort(settings, threads, parts);
    }

    /// The limits of each of some loops.
    static Limits limits(HttpSettings settings, int threads, ConnectionLimits all) {
        int maxConnections = Math.max(1, settings.maxNotRelayed() / threads);
        return new Limits(
                maxConnections,
                all.maxKeptBytes() / threads,
                settings.maxBodyBytes(),
                settings.maxReceive(),
                settings.shutdownGrace(),
                all);
    }

    int port() {
        return port;
    }

    /// Returns what is wrong if a loop does not come round any more, or null.
    @Nullable
    String problem() {
        return loops.stream()
                .map(ClickLoop::problem)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    private static ServerSocketChannel listen(HttpSettings settings) throws IOException {
        var channel = ServerSocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEPORT, settings.sharesPort());
            channel.bind(new InetSocketAddress(settings.address(), settings.port()), BACKLOG);
            return channel;
        } catch (IOException | UnresolvedAddressException failure) {
            channel.close();
            throw settings.cannotListen(failure);
        }
    }

    private static ServerSocketChannel listen(Path socket) throws IOException {
        if (socket.toString().length() > MAX_SOCKET_PATH_LENGTH) {
            throw new StartFailure(
                    "Cannot listen on the socket %s: the path is too long; the system allows %d characters. Set INGEST_SOCKET to a shorter path."
                            .formatted(socket, MAX_SOCKET_PATH_LENGTH));
        }
        if (isServed(socket)) {
            throw new StartFailure(
                    "Cannot listen on the socket %s: another process does. Stop it, or set INGEST_SOCKET to another path."
                            .formatted(socket));
        }
        var channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            Files.createDirectories(socket.toAbsolutePath().getParent());
            // A killed process leaves its file behind, and no process can listen at a path that exists.
            Files.deleteIfExists(socket);
            channel.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
            // Every local user may connect, as to a port of the loopback interface, because the proxy runs as another
            // user. The permissions of the folder can restrict that.
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
            return channel;
        } catch (IOException failure) {
            channel.close();
            throw new StartFailure(
                    "Cannot listen on the socket %s: %s. Remove what is there, or set INGEST_SOCKET to another path."
                            .formatted(socket, failure),
                    failure);
        }
    }

    private static boolean isServed(Path socket) {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException nobody) {
            return false;
        }
    }

    /// Accepts no more connections, lets the requests arrive that have begun to, then closes all connections.
    @Override
    public void close() {
        opened.close();
    }
}
