package clickcounter.ingest;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.SocketWriterException;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A connection whose plain clicks ([ClickRequest]) a [ClickLoop] answers while the connection's own thread
/// sleeps. Its first request of any other kind makes it one of Helidon's connections for good.
///
/// ```
/// Helidon ─► add to the loop … let go ─► Helidon ─► ClickFilter, the other routes, errors
/// ```
///
/// **Threads**: first the loop's thread handles requests, then the connection's own; any thread may close it.
/// Writing `isMine` publishes what one thread hands over to the other.
final class ClickConnection implements ServerConnection, InterruptableTask<Void> {
    private static final byte[] NOTHING = {};

    private final ClickLoop loop;
    private final ServerConnectionSelector helidon;
    private final ConnectionContext context;
    private final SocketChannel channel;
    private volatile boolean isClosing;
    private volatile long lastRequestNs = System.nanoTime();
    private volatile @Nullable ServerConnection successor;

    /// Whether this connection's own thread may use the channel; if not, the loop may.
    private volatile boolean isMine = true;

    private volatile @Nullable Thread thread;

    // The loop owns these until it lets go.
    private byte[] unread = NOTHING;
    private byte[] unsent = NOTHING;
    private boolean isLeaving;
    private boolean isEnd;

    /// @param loop answers the clicks
    /// @param helidon creates Helidon's own connections
    ClickConnection(ClickLoop loop, ServerConnectionSelector helidon, ConnectionContext context) {
        this.loop = loop;
        this.helidon = helidon;
        this.context = context;
        channel = Channels.of(context.serverSocket());
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
        thread = Thread.currentThread();
        DataReader in = context.dataReader();
        unread = in.available() > 0 ? in.readBytes(in.available()) : NOTHING;
        isMine = false;
        loop.add(this);
        if (isClosing) {
            // close() may have asked the loop before the loop knew this connection.
            loop.remove(this);
        }
        awaitLetGo();
        sendUnsent();
        if (isEnd || isClosing) {
            throw new CloseConnectionException("the client has disconnected, or the server is stopping");
        }
        goOnWithHelidon(limit);
    }

    private void awaitLetGo() {
        boolean isInterrupted = false;
        while (!isMine) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                isInterrupted = true;
                loop.remove(this);
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void sendUnsent() {
        if (unsent.length > 0) {
            try {
                context.dataWriter().writeNow(BufferData.create(unsent));
            } catch (SocketWriterException | UncheckedIOException failure) {
                throw new ServerConnectionException("the answer cannot be sent", failure);
            }
        }
    }

    private void goOnWithHelidon(Limit limit) throws InterruptedException {
        ServerConnection other = helidon.connection(new ReadAhead(context, unread));
        successor = other;
        if (isClosing) {
            // close() may not have seen the successor yet.
            other.close(false);
        }
        other.handle(limit);
    }

    // ---- For the loop ----

    SocketChannel channel() {
        return channel;
    }

    /// Returns what was read before the loop had the channel.
    byte[] firstBytes() {
        return unread;
    }

    /// Registers the channel with the selector. Returns false if [#leave] was called before.
    boolean register(Selector selector) throws IOException {
        if (isLeaving) {
            return false;
        }
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, this);
        return true;
    }

    void answered(long nowNs) {
        lastRequestNs = nowNs;
    }

    /// Removes the channel from the selector, which keeps it until its next selection. Returns false if that was
    /// done before.
    ///
    /// @param newUnread bytes from the client that were not processed
    /// @param newUnsent bytes for the client that it has not received
    /// @param newIsEnd whether there will be no more requests
    boolean leave(Selector selector, byte[] newUnread, byte[] newUnsent, boolean newIsEnd) {
        if (isMine) {
            return false;
        }
        isEnd |= newIsEnd;
        if (newUnsent.length > 0) {
            unsent = newUnsent;
        }
        if (isLeaving) {
            return false;
        }
        isLeaving = true;
        unread = newUnread;
        SelectionKey key = channel.keyFor(selector);
        if (key != null) {
            key.cancel();
        }
        return true;
    }

    /// Gives the channel back to the connection's own thread.
    void letGo() {
        try {
            channel.configureBlocking(true);
        } catch (IOException gone) {
            isEnd = true;
        }
        isMine = true;
        LockSupport.unpark(thread);
    }

    // ---- For closing ----

    @Override
    public Duration idleTime() {
        ServerConnection other = successor;
        return other == null ? Duration.ofNanos(System.nanoTime() - lastRequestNs) : other.idleTime();
    }

    /// Finishes a request that is being answered, but does not wait for the next one.
    @Override
    public void close(boolean interrupt) {
        isClosing = true;
        ServerConnection other = successor;
        if (other != null) {
            other.close(interrupt);
        } else {
            loop.remove(this);
        }
    }

    @Override
    public boolean canInterrupt() {
        return !(successor instanceof InterruptableTask<?> task) || task.canInterrupt();
    }
}
