package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.http.RequestFrame;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogUnavailable;
import io.helidon.http.DateTime;
import io.helidon.http.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers the plain clicks of many connections in one thread: each click takes one read, one append, one write.
///
/// ```
/// select ─► read ─► ClickRequest ─► ClickWriter ─► 204          again and again
///                        └─ not plain, refused, draining, or disconnected ─► let go
/// ```
///
/// A [ClickConnection] that was let go is never taken again. It receives the bytes that were not answered.
///
/// If clicks are few, one thread for all connections costs a click less than half of what a thread for each
/// connection does, because a click wakes one thread, not three. If clicks are many, one selection brings clicks
/// of many connections.
///
/// With `LOG_SYNC=commit`, the answers to all clicks of one selection wait for the disk together.
///
/// **Threads**: any thread may add and remove connections; everything else happens in the loop's own thread.
final class ClickLoop implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(ClickLoop.class);

    /// The size of a buffer that can hold the answers to as many clicks as fit into one read.
    private static final int ANSWERS_BYTES = 32 << 10;

    private static final byte[] NOTHING = {};

    private final ClickWriter writer;
    private final ClickMetrics metrics;
    private final RequestFrame frame;
    private final Lifetime lifetime;
    private final Selector selector;
    private final Thread thread;
    private final Queue<ClickConnection> arriving = new ConcurrentLinkedQueue<>();
    private final Queue<ClickConnection> unwanted = new ConcurrentLinkedQueue<>();
    private volatile boolean isClosing;

    private final ClickRequest request = new ClickRequest();
    private final ByteBuffer in = ByteBuffer.allocateDirect(ClickRequest.MAX_BYTES);
    private final ByteBuffer out = ByteBuffer.allocateDirect(ANSWERS_BYTES);
    private final List<Unanswered> unanswered = new ArrayList<>();
    private byte[] date = NOTHING;
    private byte[] answer = NOTHING;

    /// Connections whose keys are cancelled; the next selection removes them from the selector.
    private List<ClickConnection> leaving = new ArrayList<>();

    /// Whether the log has refused a click of this selection, so that no other one waits for it in vain.
    private boolean isLogBusy;

    /// When the previous click of this selection was answered; 0 if there was none.
    private long lastAnswerNs;

    private record Unanswered(ClickConnection connection, int clicks, long startNs) {}

    private ClickLoop(String name, ClickWriter writer, ClickMetrics metrics, RequestFrame frame, Lifetime lifetime) {
        this.writer = writer;
        this.metrics = metrics;
        this.frame = frame;
        this.lifetime = lifetime;
        try {
            selector = Selector.open();
        } catch (IOException noMoreFiles) {
            throw new UncheckedIOException(noMoreFiles);
        }
        thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    /// @param name the name of the loop's thread
    static ClickLoop start(
            String name, ClickWriter writer, ClickMetrics metrics, RequestFrame frame, Lifetime lifetime) {
        var loop = new ClickLoop(name, writer, metrics, frame, lifetime);
        loop.thread.start();
        return loop;
    }

    /// Answers the connection's clicks from now on, until this loop calls [ClickConnection#letGo].
    void add(ClickConnection connection) {
        arriving.add(connection);
        selector.wakeup();
    }

    /// Asks the loop to let the connection go after the click that it is answering now.
    void remove(ClickConnection connection) {
        unwanted.add(connection);
        selector.wakeup();
    }

    private void run() {
        try {
            while (!isClosing) {
                pass();
            }
            for (SelectionKey key : selector.keys()) {
                end((ClickConnection) key.attachment());
            }
            arriving.forEach(this::end);
            if (!leaving.isEmpty()) {
                pass();
            }
            selector.close();
        } catch (Throwable unexpected) {
            logger.error("clicks can no longer be answered", unexpected);
            lifetime.end(ExitCode.UNEXPECTED, "clicks can no longer be answered: " + unexpected);
        }
    }

    /// Selects once, and does everything that follows from it.
    private void pass() throws IOException {
        List<ClickConnection> gone = leaving;
        isLogBusy = false;
        lastAnswerNs = 0;
        if (gone.isEmpty()) {
            selector.select(this::serve);
        } else {
            leaving = new ArrayList<>();
            selector.selectNow(this::serve);
            gone.forEach(ClickConnection::letGo);
        }
        for (ClickConnection connection = arriving.poll(); connection != null; connection = arriving.poll()) {
            welcome(connection);
        }
        if (!unanswered.isEmpty()) {
            answerWhenOnDisk();
        }
        for (ClickConnection connection = unwanted.poll(); connection != null; connection = unwanted.poll()) {
            end(connection);
        }
    }

    private void welcome(ClickConnection connection) {
        try {
            if (connection.register(selector)) {
                in.clear();
                in.put(connection.firstBytes()).flip();
                serve(connection);
            }
        } catch (IOException gone) {
            end(connection);
        }
    }

    private void serve(SelectionKey key) {
        var connection = (ClickConnection) key.attachment();
        try {
            in.clear();
            if (connection.channel().read(in) < 0) {
                end(connection);
                return;
            }
            in.flip();
            serve(connection);
        } catch (IOException gone) {
            end(connection);
        }
    }

    /// Answers the clicks in the input buffer.
    private void serve(ClickConnection connection) throws IOException {
        long startNs = lastAnswerNs == 0 ? System.nanoTime() : lastAnswerNs;
        int clicks = 0;
        while (in.hasRemaining()) {
            if (frame.isDraining() || !request.read(in) || !append(request.bannerId())) {
                leave(connection, rest(in), NOTHING, false);
                break;
            }
            in.position(in.position() + request.byteCount());
            clicks++;
        }
        if (clicks > 0 && writer.waitsForDisk()) {
            unanswered.add(new Unanswered(connection, clicks, startNs));
        } else if (clicks > 0) {
            answer(connection, clicks, startNs);
        }
    }

    /// Appends a click. Returns false if the log takes none at the moment; [ClickFilter] will answer why.
    private boolean append(long bannerId) {
        if (isLogBusy) {
            return false;
        }
        try {
            writer.write(bannerId);
            return true;
        } catch (LogUnavailable unavailable) {
            isLogBusy = true;
            return false;
        }
    }

    private void answerWhenOnDisk() {
        try {
            writer.awaitDisk();
            for (Unanswered each : unanswered) {
                try {
                    answer(each.connection, each.clicks, each.startNs);
                } catch (IOException gone) {
                    end(each.connection);
                }
            }
        } catch (LogUnavailable fault) {
            // The clicks are in the log but may not be on disk, so neither 204 nor 503 would be true.
            unanswered.forEach(each -> end(each.connection));
        } finally {
            unanswered.clear();
        }
    }

    private void answer(ClickConnection connection, int clicks, long startNs) throws IOException {
        prepareAnswer();
        out.clear();
        for (int click = 0; click < clicks; click++) {
            out.put(answer);
        }
        connection.channel().write(out.flip());
        if (out.hasRemaining()) {
            // The client sends requests but does not read the answers. This thread must not wait for it.
            leave(connection, NOTHING, rest(out), false);
        }
        long endNs = System.nanoTime();
        lastAnswerNs = endNs;
        connection.answered(endNs);
        for (int click = 0; click < clicks; click++) {
            metrics.acknowledged();
            frame.answered(Status.NO_CONTENT_204, endNs - startNs);
        }
    }

    @SuppressWarnings("ReferenceEquality") // the same array means the same second; another array may hold the same text
    private void prepareAnswer() {
        byte[] now = DateTime.http1Bytes();
        if (date != now) {
            date = now;
            answer = ("HTTP/1.1 204 No Content\r\nDate: " + new String(now, US_ASCII)
                            + "Cache-Control: no-store\r\n\r\n")
                    .getBytes(US_ASCII);
        }
    }

    /// Lets a connection go that has disconnected or is to be closed.
    private void end(ClickConnection connection) {
        leave(connection, NOTHING, NOTHING, true);
    }

    private void leave(ClickConnection connection, byte[] unread, byte[] unsent, boolean isEnd) {
        if (connection.leave(selector, unread, unsent, isEnd)) {
            leaving.add(connection);
        }
    }

    private static byte[] rest(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /// Lets all connections go and stops the thread.
    @Override
    public void close() {
        isClosing = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
