package clickcounter.ingest;

import clickcounter.ingest.ClickConnection.Request;
import clickcounter.ingest.ConnectionMetrics.Closed;
import clickcounter.shared.Lifetime;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.http.RequestFrame;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogUnavailable;
import clickcounter.shared.log.LogUnavailable.Reason;
import io.helidon.http.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// Accepts connections and answers the clicks of all of them in one thread: each click takes one read, one append,
/// one write.
///
/// ```
/// accept ─► read ─► ClickRequest ─► ClickWriter ─► 204          again and again
///                        └─ anything else ─► Relay ─► Helidon, until the connection is closed
/// ```
///
/// If clicks are few, one thread for all connections costs a click less than half of what a thread for each
/// connection does, because a click wakes one thread, not three. If clicks are many, one selection brings clicks
/// of many connections.
///
/// With `LOG_SYNC=commit`, the answers to all clicks of one selection wait for the disk together.
///
/// What strangers can take is limited: the number of connections, the time for a request to arrive or an answer to
/// be taken, and the bytes that are kept of all connections together. When a limit is reached, the connection that
/// the loop has waited for longest is closed.
///
/// **Threads**: the loop's own, except where a method says so.
final class ClickLoop extends SelectorThread {
    /// The size of a read. It holds the longest head and as much again.
    private static final int IN_BYTES = 2 * ClickRequest.MAX_BYTES;

    /// The shortest request that is answered: `HEAD /v1/healthcheck HTTP/1.1`, `Host:a` and two empty lines.
    private static final int MIN_REQUEST_BYTES = 40;

    /// The bytes of answers to as many requests as one read can bring.
    private static final int OUT_BYTES = IN_BYTES / MIN_REQUEST_BYTES * Answers.MAX_BYTES;

    private static final int MAX_ACCEPTS = 64;

    /// How long one pass reads from connections that bring a full buffer again and again, so that they do not
    /// hold up the others.
    private static final long MAX_BULK_NS = Duration.ofMillis(1).toNanos();

    private final Parts parts;

    /// The ports that this loop accepts connections from, and the loops that it distributes them over.
    private final List<ServerSocketChannel> ports;

    private final List<ClickLoop> loops;
    private int nextLoop;

    private final Queue<SocketChannel> arriving = new ConcurrentLinkedQueue<>();

    /// The connections whose last read filled the buffer. They are read in turn, and not when others are.
    private final Deque<ClickConnection> bulk = new ArrayDeque<>();

    /// The connections that were accepted in this pass.
    private final List<ClickConnection> fresh = new ArrayList<>();

    /// The channels that are closed in this pass, and those of the pass before, which the selector has let go.
    /// Closing the latter takes one system call, and closing a channel that is registered takes four.
    private List<SocketChannel> leaving = new ArrayList<>();

    private List<SocketChannel> letGo = new ArrayList<>();

    /// The connections that wait for a request.
    private final WaitingQueue idle = new WaitingQueue();

    /// The connections whose clients have sent a part of a request, or have not taken all of an answer.
    private final WaitingQueue receiving = new WaitingQueue();

    private final ClickRequest request;
    private final Answers answers = new Answers();
    private final ByteBuffer in = ByteBuffer.allocateDirect(IN_BYTES);
    private final ByteBuffer out = ByteBuffer.allocateDirect(OUT_BYTES);
    private final List<Undecided> undecided = new ArrayList<>();
    private int clicksOfRead;
    private int noContentsOfRead;
    private int openConnections;
    private long keptBytes;

    /// Why the log has refused a click of this selection, so that no other one waits for it in vain.
    private @Nullable Reason logRefusal;

    /// When the previous click of this selection was answered; 0 if there was none.
    private long lastAnswerNs;

    /// What all loops of a process share.
    ///
    /// @param relay takes the connections whose requests no loop answers
    /// @param limits of each loop
    record Parts(
            ClickWriter writer,
            ClickMetrics metrics,
            RefusalReport refusals,
            RequestFrame frame,
            ConnectionMetrics connections,
            Relay relay,
            Limits limits,
            Lifetime lifetime) {}

    /// What bounds the connections of a loop.
    ///
    /// @param maxConnections above which the one that has waited for its client longest is closed
    /// @param maxKeptBytes above which the one whose request or answer is under way longest is closed
    /// @param maxBodyBytes of a request
    /// @param maxReceive how long a request may take to arrive
    /// @param grace how long requests may still arrive after the loop is asked to close
    /// @param all those that are no settings
    record Limits(
            int maxConnections,
            long maxKeptBytes,
            long maxBodyBytes,
            Duration maxReceive,
            Duration grace,
            ConnectionLimits all) {}

    /// Answers that wait for the disk.
    private record Undecided(
            ClickConnection connection, ByteBuffer answers, Then then, int clicks, int noContents, long startNs) {}

    /// What happens to a connection when its answers are sent.
    private enum Then {
        READ_ON,
        RELAY,
        CLOSE
    }

    private ClickLoop(String name, Parts parts, List<ServerSocketChannel> ports, List<ClickLoop> loops) {
        super(name, "clicks can no longer be answered", parts.lifetime);
        this.parts = parts;
        this.ports = ports;
        this.loops = loops;
        request = new ClickRequest(parts.limits.maxBodyBytes());
    }

    /// Starts loops that share the connections to `ports`; the first one accepts them.
    static List<ClickLoop> start(int count, Parts parts, List<ServerSocketChannel> ports) {
        List<ClickLoop> loops = new ArrayList<>();
        for (int number = 1; number <= count; number++) {
            loops.add(new ClickLoop("clicks-" + number, parts, number == 1 ? ports : List.of(), loops));
        }
        loops.forEach(SelectorThread::start);
        return loops;
    }

    @Override
    void begin() throws IOException {
        for (ServerSocketChannel port : ports) {
            port.register(selector, SelectionKey.OP_ACCEPT);
        }
    }

    /// Stops accepting, lets the bodies arrive whose heads are here, then closes all connections. All loops do so at
    /// the same time, but not before the one that accepts has stopped.
    @Override
    void finish() throws IOException {
        for (ServerSocketChannel port : ports) {
            port.close();
        }
        if (!ports.isEmpty()) {
            loops.forEach(SelectorThread::askToClose);
        }
        afterSelection(); // takes what has arrived
        closeAll(false);
        long endNs = System.nanoTime() + parts.limits.grace().toNanos();
        while (openConnections > 0 && System.nanoTime() - endNs < 0) {
            pass();
            closeAll(false);
        }
        closeAll(true);
        closeAll(leaving);
    }

    @Override
    void beforeSelection() {
        List<SocketChannel> closed = letGo;
        letGo = leaving;
        leaving = closed;
        logRefusal = null;
        lastAnswerNs = 0;
        if (!bulk.isEmpty()) {
            comeRoundAtOnce();
            readBulk();
        }
    }

    /// Reads once from each connection that may have more, as long as there is time.
    private void readBulk() {
        long endNs = System.nanoTime() + MAX_BULK_NS;
        for (int left = bulk.size(); left > 0 && System.nanoTime() - endNs < 0; left--) {
            ClickConnection connection = bulk.remove();
            // If the client does not take the answers, reading goes on when they are sent.
            if (!connection.hasLeft && !connection.unsent().hasRemaining()) {
                receiveOrClose(connection);
                readOn(connection, connection.channel.keyFor(selector));
            }
        }
    }

    /// Says when a connection is read next: when more arrives, or in its turn if it has brought a full buffer.
    private void readOn(ClickConnection connection, @Nullable SelectionKey key) {
        if (connection.hasLeft || key == null || connection.unsent().hasRemaining()) {
            return;
        }
        if (connection.hasMore) {
            bulk.add(connection);
            key.interestOps(0);
        } else if (key.interestOps() != SelectionKey.OP_READ) {
            key.interestOps(SelectionKey.OP_READ);
        }
    }

    @Override
    void afterSelection() {
        for (SocketChannel channel = arriving.poll(); channel != null; channel = arriving.poll()) {
            arrived(channel);
        }
        fresh.forEach(this::welcome);
        fresh.clear();
        closeAll(letGo);
        if (!undecided.isEmpty()) {
            answerWhenOnDisk();
        }
    }

    @Override
    void tick(long nowNs) {
        long idleNs = parts.limits.all().maxIdle().toNanos();
        for (Queued each = idle.firstAfter(idleNs, nowNs); each != null; each = idle.firstAfter(idleNs, nowNs)) {
            close((ClickConnection) each, Closed.IDLE);
        }
        long receiveNs = parts.limits.maxReceive().toNanos();
        for (Queued each = receiving.firstAfter(receiveNs, nowNs);
                each != null;
                each = receiving.firstAfter(receiveNs, nowNs)) {
            close((ClickConnection) each, Closed.SLOW);
        }
        for (ServerSocketChannel port : ports) {
            SelectionKey key = port.keyFor(selector);
            if (key != null && key.isValid()) {
                key.interestOps(SelectionKey.OP_ACCEPT);
            }
        }
    }

    @Override
    void serve(SelectionKey key) {
        if (key.channel() instanceof ServerSocketChannel port) {
            accept(port, key);
            return;
        }
        var connection = (ClickConnection) key.attachment();
        if (connection.unsent().hasRemaining()) {
            try {
                sendUnsent(connection, key);
            } catch (IOException | CancelledKeyException gone) {
                close(connection, Closed.BY_CLIENT);
            }
        } else {
            receiveOrClose(connection);
            if (connection.hasMore) {
                readOn(connection, key);
            }
        }
    }

    private void receiveOrClose(ClickConnection connection) {
        try {
            receive(connection);
        } catch (IOException | CancelledKeyException gone) {
            close(connection, Closed.BY_CLIENT);
        }
    }

    private void accept(ServerSocketChannel port, SelectionKey key) {
        try {
            for (int count = 0; count < MAX_ACCEPTS; count++) {
                SocketChannel channel = port.accept();
                if (channel == null) {
                    return;
                }
                nextLoop = (nextLoop + 1) % loops.size();
                ClickLoop loop = loops.get(nextLoop);
                if (loop == this) {
                    arrived(channel);
                } else {
                    loop.arriving.add(channel);
                    loop.selector.wakeup();
                }
            }
        } catch (IOException noMoreFiles) {
            if (!closeOne()) {
                key.interestOps(0); // until the next tick
            }
        }
    }

    private void arrived(SocketChannel channel) {
        var connection = new ClickConnection(channel);
        openConnections++;
        parts.connections.opened();
        if (openConnections > parts.limits.maxConnections()) {
            closeOne();
        }
        idle.add(connection, System.nanoTime());
        fresh.add(connection);
    }

    /// Begins to read a connection. If it came alone, it has only just been made, and its request is on its way.
    /// If several came at once, they have been waiting, and may be answered and closed without being registered.
    private void welcome(ClickConnection connection) {
        if (connection.hasLeft) {
            return; // there were too many
        }
        SocketChannel channel = connection.channel;
        try {
            channel.configureBlocking(false);
            if (fresh.size() > 1) {
                receive(connection);
            }
            if (!connection.hasLeft && !channel.isRegistered()) {
                readOn(connection, channel.register(selector, SelectionKey.OP_READ, connection));
            }
        } catch (IOException gone) {
            close(connection, Closed.BY_CLIENT);
        }
    }

    /// Closes the connection that has waited for its client longest, whether for a request to begin or to end, so
    /// that a stranger who begins many requests shuts nobody else out. Returns false if there is none.
    private boolean closeOne() {
        Queued longest = idle.first();
        Queued slowest = receiving.first();
        if (longest == null || (slowest != null && slowest.sinceNs - longest.sinceNs < 0)) {
            longest = slowest;
        }
        if (longest == null) {
            return false;
        }
        close((ClickConnection) longest, Closed.TOO_MANY);
        return true;
    }

    private void receive(ClickConnection connection) throws IOException {
        in.clear();
        connection.restoreHead(in);
        int length = connection.channel.read(in);
        connection.hasMore = !in.hasRemaining();
        if (length < 0) {
            close(connection, Closed.BY_CLIENT);
            return;
        }
        in.flip();
        if (length == 0) {
            connection.keepHead(in);
            return;
        }
        long startNs = lastAnswerNs == 0 ? System.nanoTime() : lastAnswerNs;
        clicksOfRead = 0;
        noContentsOfRead = 0;
        out.clear();
        Then then = answerAll(connection, startNs);
        out.flip();
        if (clicksOfRead > 0 && parts.writer.waitsForDisk()) {
            ByteBuffer waiting = ByteBuffer.wrap(ClickConnection.rest(out));
            undecided.add(new Undecided(connection, waiting, then, clicksOfRead, noContentsOfRead, startNs));
        } else {
            send(connection, out, then, clicksOfRead, noContentsOfRead, startNs);
        }
    }

    /// Writes the answers to the requests in the input buffer to the output buffer.
    private Then answerAll(ClickConnection connection, long startNs) {
        while (in.hasRemaining()) {
            boolean isAnswered =
                    connection.pending == null ? readHead(connection, startNs) : readBody(connection, startNs);
            if (connection.closes && isAnswered) {
                return Then.CLOSE;
            }
            if (connection.isForHelidon) {
                connection.keepHead(in);
                return Then.RELAY;
            }
            if (!isAnswered && connection.pending == null) {
                connection.keepHead(in);
                return Then.READ_ON;
            }
        }
        return Then.READ_ON;
    }

    /// Reads a head and, if its body has arrived as well, answers the request. Returns whether it is answered.
    private boolean readHead(ClickConnection connection, long startNs) {
        ClickRequest.Kind kind = request.read(in);
        if (kind == ClickRequest.Kind.INCOMPLETE || kind == ClickRequest.Kind.OTHER) {
            connection.isForHelidon = kind == ClickRequest.Kind.OTHER && ClickRequest.isWorthRelaying(in);
            return false;
        }
        RequestFrame.Stage stage = parts.frame.arrived();
        connection.closes = request.closes() || stage != RequestFrame.Stage.SERVING;
        if (stage == RequestFrame.Stage.REFUSING) {
            refuse(RequestFrame.STOPPING, request.isHead(), request.origin(), true, startNs);
            return true;
        }
        in.position(in.position() + request.byteCount());
        connection.missingBodyBytes = request.bodyBytes();
        if (connection.missingBodyBytes <= in.remaining()) {
            in.position(in.position() + (int) connection.missingBodyBytes);
            answer(connection, kind, request.bannerId(), request.isHead(), request.origin(), startNs);
            return true;
        }
        connection.pending = new Request(
                kind, request.bannerId(), request.isHead(), request.origin().copy());
        return false;
    }

    /// Skips what has arrived of a body and, if that is all, answers the request. Returns whether it is answered.
    private boolean readBody(ClickConnection connection, long startNs) {
        int arrived = (int) Math.min(connection.missingBodyBytes, in.remaining());
        in.position(in.position() + arrived);
        connection.missingBodyBytes -= arrived;
        Request whole = connection.pending;
        if (connection.missingBodyBytes > 0 || whole == null) {
            return false;
        }
        connection.pending = null;
        answer(connection, whole.kind(), whole.bannerId(), whole.isHead(), whole.origin(), startNs);
        return true;
    }

    private void answer(
            ClickConnection connection,
            ClickRequest.Kind kind,
            long bannerId,
            boolean isHead,
            Origin origin,
            long startNs) {
        if (kind == ClickRequest.Kind.HEALTH_CHECK) {
            answers.healthy(out, isHead, connection.closes);
            parts.frame.answered(Status.OK_200, System.nanoTime() - startNs);
            return;
        }
        Reason refusal = kind == ClickRequest.Kind.CLICK ? append(bannerId) : null;
        if (refusal == null) {
            answers.noContent(out, origin, connection.closes);
            noContentsOfRead++;
            return;
        }
        // After a fault the click may or may not be in the log, so neither 204 nor 503 would be true.
        connection.closes |= refusal == Reason.FAULT;
        if (refusal != Reason.FAULT) {
            parts.metrics.refused(refusal);
            parts.refusals.count(refusal.sentence());
            refuse(refusal.sentence() + ClickFilter.NOT_COUNTED, isHead, origin, connection.closes, startNs);
        }
    }

    private void refuse(String reason, boolean isHead, Origin origin, boolean closes, long startNs) {
        answers.refused(out, reason, isHead, origin, closes);
        parts.frame.answered(Status.SERVICE_UNAVAILABLE_503, System.nanoTime() - startNs);
    }

    /// Appends a click. Returns why the log takes none at the moment, or null if it has taken it.
    private @Nullable Reason append(long bannerId) {
        if (logRefusal == null) {
            try {
                parts.writer.write(bannerId);
                clicksOfRead++;
            } catch (LogUnavailable unavailable) {
                logRefusal = unavailable.reason();
            }
        }
        return logRefusal;
    }

    private void answerWhenOnDisk() {
        try {
            parts.writer.awaitDisk();
            for (Undecided each : undecided) {
                if (!each.connection.hasLeft) {
                    try {
                        send(each.connection, each.answers, each.then, each.clicks, each.noContents, each.startNs);
                    } catch (IOException gone) {
                        close(each.connection, Closed.BY_CLIENT);
                    }
                }
            }
        } catch (LogUnavailable fault) {
            // The clicks are in the log but may not be on disk, so neither 204 nor 503 would be true.
            undecided.forEach(each -> close(each.connection, Closed.BY_US));
        } finally {
            undecided.clear();
        }
    }

    private void send(ClickConnection connection, ByteBuffer bytes, Then then, int clicks, int noContents, long startNs)
            throws IOException {
        if (bytes.hasRemaining()) {
            connection.channel.write(bytes);
        }
        long nowNs = System.nanoTime();
        lastAnswerNs = nowNs;
        parts.metrics.acknowledged(clicks);
        for (int answer = 0; answer < noContents; answer++) {
            parts.frame.answered(Status.NO_CONTENT_204, nowNs - startNs);
        }
        if (then == Then.RELAY) {
            byte[] unsent = ClickConnection.rest(bytes);
            leave(connection);
            parts.relay.take(connection.channel, connection.takeHead(), unsent);
            return;
        }
        if (bytes.hasRemaining()) {
            // The client sends requests but does not read the answers. This thread must not wait for it.
            connection.keepUnsent(bytes);
            connection.closes = then == Then.CLOSE;
            connection.channel.register(selector, SelectionKey.OP_WRITE, connection);
        } else if (then == Then.CLOSE) {
            close(connection, Closed.BY_US);
            return;
        }
        waitOn(connection, bytes.position() > 0, nowNs);
    }

    /// Puts the connection into the queue in which it waits for its client.
    ///
    /// @param hasAnswered whether a request was answered, so that what is arriving is another one
    private void waitOn(ClickConnection connection, boolean hasAnswered, long nowNs) {
        if (!connection.isReceiving() && !connection.unsent().hasRemaining()) {
            idle.add(connection, nowNs);
        } else if (hasAnswered || connection.queue != receiving) {
            receiving.add(connection, nowNs);
        }
        keptBytes += connection.newlyKeptBytes();
        while (keptBytes > parts.limits.maxKeptBytes() && receiving.first() instanceof ClickConnection slowest) {
            close(slowest, Closed.TOO_MANY_BYTES);
        }
    }

    private void sendUnsent(ClickConnection connection, SelectionKey key) throws IOException {
        connection.channel.write(connection.unsent());
        if (!connection.unsent().hasRemaining()) {
            if (connection.closes) {
                close(connection, Closed.BY_US);
                return;
            }
            key.interestOps(SelectionKey.OP_READ);
        }
        waitOn(connection, true, System.nanoTime());
    }

    private void closeAll(boolean evenIfABodyIsArriving) {
        for (SelectionKey key : selector.keys()) {
            if (key.attachment() instanceof ClickConnection connection
                    && (evenIfABodyIsArriving || connection.pending == null)) {
                close(connection, Closed.BY_US);
            }
        }
    }

    private void close(ClickConnection connection, Closed why) {
        if (connection.hasLeft) {
            return;
        }
        leave(connection);
        parts.connections.closed(why);
        // If there are too many, the file is needed before the next selection ends.
        if (connection.channel.isRegistered() && why != Closed.TOO_MANY) {
            leaving.add(connection.channel);
        } else {
            closeQuietly(connection.channel);
        }
    }

    private static void closeAll(List<SocketChannel> channels) {
        channels.forEach(SelectorThread::closeQuietly);
        channels.clear();
    }

    /// Removes a connection from this loop.
    private void leave(ClickConnection connection) {
        connection.hasLeft = true;
        openConnections--;
        WaitingQueue.remove(connection);
        keptBytes -= connection.knownKeptBytes();
        SelectionKey key = connection.channel.keyFor(selector);
        if (key != null) {
            key.cancel();
            comeRoundAtOnce();
        }
    }
}
