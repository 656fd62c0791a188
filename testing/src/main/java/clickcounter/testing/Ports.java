package clickcounter.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/// TCP ports of this machine.
public final class Ports {
    private static final int FIRST = 15_000;
    private static final int COUNT = 17_000;

    /// Test processes that run side by side look for ports this far from each other.
    private static final long PORTS_PER_PROCESS = 97;

    private static final AtomicInteger NEXT =
            new AtomicInteger((int) (ProcessHandle.current().pid() * PORTS_PER_PROCESS % COUNT));

    private Ports() {}

    /// A free port that the system gives to no outgoing connection: a process that is restarted finds its port
    /// free, and a client that tries the port meanwhile is not connected to itself.
    public static int free() {
        while (true) {
            try (var socket = new ServerSocket(FIRST + NEXT.getAndIncrement() % COUNT)) {
                return socket.getLocalPort();
            } catch (BindException taken) {
                // The next one may be free.
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    /// Whether something listens on this port of the loopback interface.
    public static boolean isOpen(int port) {
        try (var _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return true;
        } catch (IOException nothingListens) {
            return false;
        }
    }
}
