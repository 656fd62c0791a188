package clickcounter.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/// Sends the requests of a [Script] over keep-alive connections, from one thread, without allocation.
///
/// In a closed loop, each connection sends its next request when it has the answer to the previous one; this
/// finds the highest rate. In an open loop, requests are due at a fixed rate whatever the server does, and a
/// request that finds no free connection waits. Its latency counts from the moment when it was due, so that a
/// pause of the server is charged to all requests that it delays (no coordinated omission).
///
/// **Threads**: one.
final class LoadGenerator implements AutoCloseable {
    private static final long MAX_LATENCY_NS = Duration.ofSeconds(60).toNanos();

    /// The shortest nap that is requested; the system turns it into some 70 µs.
    private static final long MIN_NAP_NS = 20_000;

    /// The number of naps between two requests, if that makes them longer than [#MIN_NAP_NS].
    private static final int NAPS_PER_INTERVAL = 20;

    private final Selector selector = Selector.open();
    private final List<Connection> connections = new ArrayList<>();
    private final Deque<Connection> free = new ArrayDeque<>();
    private final Script script;
    private Histogram latencies = newHistogram();
    private long intervalNs;
    private long nextDueNs;
    private long endNs;
    private long answers;

    /// The result of one run.
    ///
    /// @param answers that came in time
    /// @param latencies in nanoseconds
    record Result(long answers, Duration length, Histogram latencies) {
        double perSecond() {
            return answers * 1e9 / length.toNanos();
        }
    }

    /// Opens the connections.
    LoadGenerator(int port, int connectionCount, Script script) throws IOException {
        this.script = script;
        SocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        for (int count = 0; count < connectionCount; count++) {
            connections.add(new Connection(address));
        }
        free.addAll(connections);
    }

    /// Sends as many requests as the server takes.
    Result closedLoop(Duration length) throws IOException {
        return run(length, 0);
    }

    /// Sends requests at a fixed rate.
    Result openLoop(Duration length, int perSecond) throws IOException {
        return run(length, Duration.ofSeconds(1).toNanos() / perSecond);
    }

    private Result run(Duration length, long newIntervalNs) throws IOException {
        latencies = newHistogram();
        answers = 0;
        intervalNs = newIntervalNs;
        long startNs = System.nanoTime();
        nextDueNs = startNs;
        endNs = startNs + length.toNanos();
        long napNs = Math.max(MIN_NAP_NS, intervalNs / NAPS_PER_INTERVAL);
        while (System.nanoTime() < endNs) {
            sendDue();
            if (intervalNs == 0) {
                selector.select(LoadGenerator::ready, 1);
            } else if (selector.selectNow(LoadGenerator::ready) == 0) {
                // After a longer nap, the next request and the next answer would be late.
                LockSupport.parkNanos(napNs);
            }
        }
        long answersInTime = answers;
        while (free.size() < connections.size()) {
            selector.select(LoadGenerator::ready, 1);
        }
        return new Result(answersInTime, length, latencies);
    }

    private void sendDue() throws IOException {
        while (!free.isEmpty() && System.nanoTime() >= nextDueNs) {
            Connection connection = free.removeFirst();
            connection.send(intervalNs == 0 ? System.nanoTime() : nextDueNs);
            nextDueNs += intervalNs;
        }
    }

    private static void ready(SelectionKey key) {
        ((Connection) key.attachment()).read();
    }

    private static Histogram newHistogram() {
        return new Histogram(MAX_LATENCY_NS, 3);
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.channel.close();
        }
        selector.close();
    }

    /// A connection with at most one outstanding request.
    private final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer request = script.newRequest();
        private final ByteBuffer answer = script.newAnswer();
        private int subject;
        private long dueNs;

        Connection(SocketAddress address) throws IOException {
            channel = SocketChannel.open(address);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, this);
        }

        void send(long due) throws IOException {
            dueNs = due;
            subject = script.next(request);
            request.clear();
            channel.write(request);
            if (request.hasRemaining()) {
                throw new IOException("A request of %d bytes was not taken at once.".formatted(request.capacity()));
            }
        }

        void read() {
            try {
                if (channel.read(answer) < 0) {
                    throw new IOException("The server has closed a connection.");
                }
                if (!script.isComplete(answer)) {
                    return;
                }
                answer.clear();
                script.answered(subject);
                answers++;
                long nowNs = System.nanoTime();
                latencies.recordValue(Math.min(nowNs - dueNs, MAX_LATENCY_NS));
                if (intervalNs == 0 && nowNs < endNs) {
                    send(nowNs);
                } else {
                    free.addLast(this);
                }
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }
}
