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

/// A connection whose plain clicks a [ClickLoop] answers, while its own thread sleeps. With the first request
/// that is anything else, [ClickRequest] says which, it becomes a connection of Helidon's, and stays one.
///
/// ```
/// Helidon ─► add to the loop … let go ─► Helidon ─► ClickFilter, the other routes, errors
/// ```
///
/// **Threads**: its own handles requests, the loop's does so before; any may close it. What the two hand over
/// goes through `isMine`.
final class ClickConnection implements ServerConnection, InterruptableTask<Void> {
    private static final byte[] NOTHING = {};

    private final ClickLoop loop;
    private final ServerConnectionSelector helidon;
    private final ConnectionContext context;
    private final SocketChannel channel;
    private volatile boolean isClosing;
    private volatile long lastRequestNs = System.nanoTime();
    private volatile @Nullable ServerConnection successor;

    /// Whether this connection's own thread may use the channel; else the loop may.
    private volatile boolean isMine = true;

    private volatile @Nullable Thread thread;

    // Of the loop, until it lets go.
    private byte[] unread = NOTHING;
    private byte[] unsent = NOTHING;
    private boolean isLeaving;
    private boolean isEnd;

    /// @param loop answers the clicks
    /// @param helidon makes Helidon's own connections
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
            // Whoever closes may have asked the loop before it knew this connection.
            loop.remove(this);
        }
        awaitLetGo();
        sendUnsent();
        if (isEnd || isClosing) {
            throw new CloseConnectionException("the client is gone, or the server stops");
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
            // Whoever closes may not have seen it yet.
            other.close(false);
        }
        other.handle(limit);
    }

    // ---- For the loop ----

    SocketChannel channel() {
        return channel;
    }

    /// What was read before the loop had the channel.
    byte[] firstBytes() {
        return unread;
    }

    /// Returns false when it has been asked to leave already.
    boolean register(Selector selector) throws IOException {
        if (isLeaving) {
            return false;
        }
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, this);
        return true;
    }

    /// A click was answered.
    void answered(long nowNs) {
        lastRequestNs = nowNs;
    }

    /// Takes the channel off the selector, which knows it until its next selection. Returns false when that has
    /// been done before.
    ///
    /// @param newUnread bytes of the client that nobody has looked at
    /// @param newUnsent bytes for the client that it has not taken
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

    // ---- For whoever closes it ----

    @Override
    public Duration idleTime() {
        ServerConnection other = successor;
        return other == null ? Duration.ofNanos(System.nanoTime() - lastRequestNs) : other.idleTime();
    }

    /// A request that is being answered is finished; one that is waited for is not.
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
