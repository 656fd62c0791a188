package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import clickcounter.shared.log.LogUnavailable;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataReader.InsufficientDataAvailableException;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.SocketWriterException;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.DateTime;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.spi.ServerConnection;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A connection on which plain clicks are answered at once, each for the price of little more than two system
/// calls. With the first request that is anything else, [ClickRequest] says which, it becomes a connection of
/// Helidon's, and stays one.
///
/// ```
/// read ─► ClickRequest ─► ClickWriter ─► 204      all that there is, in one virtual thread
///             └─ not plain, not taken, or leaving ─► Helidon ─► ClickFilter, the other routes, errors
/// ```
///
/// **Threads**: its own handles requests; any may close it.
final class ClickConnection implements ServerConnection, InterruptableTask<Void> {
    private static volatile Answer answer = new Answer(DateTime.http1Bytes());

    private final ClickConnections server;
    private final ConnectionContext context;
    private final DataReader in;
    private final DataWriter out;
    private final ClickRequest request = new ClickRequest();
    private volatile boolean isClosing;
    private volatile boolean isWaiting;
    private volatile long lastRequestNs = System.nanoTime();
    private volatile @Nullable Thread thread;
    private volatile @Nullable ServerConnection successor;

    /// The answer to a click in one second.
    ///
    /// @param date its header, a new array each second
    /// @param bytes all of it
    @SuppressWarnings("ArrayRecordComponent") // nobody changes them
    private record Answer(byte[] date, byte[] bytes) {
        private static final String BEFORE_DATE = "HTTP/1.1 204 No Content\r\nDate: ";
        private static final String AFTER_DATE = "Cache-Control: no-store\r\n\r\n";

        Answer(byte[] date) {
            this(date, (BEFORE_DATE + new String(date, US_ASCII) + AFTER_DATE).getBytes(US_ASCII));
        }
    }

    /// @param server what all connections share
    ClickConnection(ClickConnections server, ConnectionContext context) {
        this.server = server;
        this.context = context;
        in = context.dataReader();
        out = context.dataWriter();
    }

    @SuppressWarnings("ThreadPriorityCheck") // the yield saves work, and is right whether it happens or not
    @Override
    public void handle(Limit limit) throws InterruptedException {
        thread = Thread.currentThread();
        while (!isClosing) {
            awaitRequest();
            long startNs = System.nanoTime();
            if (server.frame().isLeaving() || !request.read(in.getBuffer(in.available())) || !append()) {
                goOnWithHelidon(limit);
                return;
            }
            in.skip(request.byteCount());
            answer();
            lastRequestNs = System.nanoTime();
            server.metrics().acknowledged();
            server.frame().answered(Status.NO_CONTENT_204, lastRequestNs - startNs);
            // The other connections first: when this one is read again, its next request may be there already.
            // A read that finds nothing costs a futile system call, and two more to be woken up.
            Thread.yield();
        }
    }

    private void awaitRequest() {
        isWaiting = true;
        try {
            in.ensureAvailable();
        } catch (InsufficientDataAvailableException end) {
            throw new CloseConnectionException("the client is gone", end);
        } finally {
            isWaiting = false;
        }
    }

    /// Returns false when the log takes no click. The request has not been consumed, and [ClickFilter] says
    /// why.
    private boolean append() {
        try {
            server.writer().append(request.bannerId());
            return true;
        } catch (LogUnavailable unavailable) {
            return false;
        }
    }

    @SuppressWarnings("ReferenceEquality") // the same array means the same second; another one at worst the same text
    private void answer() {
        byte[] date = DateTime.http1Bytes();
        Answer current = answer;
        if (current.date != date) {
            current = new Answer(date);
            answer = current;
        }
        try {
            out.writeNow(BufferData.create(current.bytes));
        } catch (SocketWriterException | UncheckedIOException failure) {
            throw new ServerConnectionException("the answer cannot be sent", failure);
        }
    }

    private void goOnWithHelidon(Limit limit) throws InterruptedException {
        ServerConnection other = server.helidon().connection(context);
        successor = other;
        if (isClosing) {
            // Whoever closes may not have seen it yet.
            other.close(false);
        }
        other.handle(limit);
    }

    @Override
    public Duration idleTime() {
        ServerConnection other = successor;
        return other == null ? Duration.ofNanos(System.nanoTime() - lastRequestNs) : other.idleTime();
    }

    /// A request that is being answered is finished; one that is waited for is not, unless `interrupt` is
    /// given: then whatever is under way ends at once.
    @Override
    public void close(boolean interrupt) {
        isClosing = true;
        ServerConnection other = successor;
        Thread own = thread;
        if (other != null) {
            other.close(interrupt);
        } else if (own != null && (interrupt || isWaiting)) {
            own.interrupt();
        }
    }

    @Override
    public boolean canInterrupt() {
        return successor instanceof InterruptableTask<?> task ? task.canInterrupt() : isWaiting;
    }
}
