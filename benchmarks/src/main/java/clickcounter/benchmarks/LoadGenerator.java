package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

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
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/// Clicks over keep-alive connections, from one thread, without allocation.
///
/// Closed loop: each connection sends its next click when it has the answer to the one before; this finds the
/// highest rate. Open loop: clicks are due at a fixed rate whatever the server does, and a click that found no
/// free connection waits; its latency counts from when it was due, so that a server's pause is charged to all
/// clicks that it held up (no coordinated omission).
///
/// It keeps a ledger of the 204s of each banner. Any other answer ends the measurement.
///
/// **Threads**: one.
final class LoadGenerator implements AutoCloseable {
    /// All ids have as many digits, so that a request is changed in place.
    static final long FIRST_BANNER = 1_000_000;

    static final int MOST_BANNERS = 1_000_000;

    private static final byte[] PATH = "GET /v1/banners/counter/".getBytes(US_ASCII);
    private static final byte[] REST = " HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII);
    private static final int ID_DIGITS = Long.toString(FIRST_BANNER).length();
    private static final byte[] NO_CONTENT = "HTTP/1.1 204".getBytes(US_ASCII);
    private static final int MAX_ANSWER_BYTES = 2_048;
    private static final long LONGEST_LATENCY_NS = Duration.ofSeconds(60).toNanos();

    /// Asked for; the system makes some 70 µs of it.
    private static final long NAP_NS = 20_000;

    private final Selector selector = Selector.open();
    private final List<Connection> connections = new ArrayList<>();
    private final Deque<Connection> free = new ArrayDeque<>();
    private final SplittableRandom random = new SplittableRandom(1);
    private final long[] acknowledged;
    private Histogram latencies = newHistogram();
    private long intervalNs;
    private long nextDueNs;
    private long endNs;
    private long answers;

    /// What came of one run.
    ///
    /// @param clicks answered 204
    /// @param latencies in nanoseconds
    record Result(long clicks, Duration length, Histogram latencies) {
        double perSecond() {
            return clicks * 1e9 / length.toNanos();
        }

        double millisAtPercentile(double percentile) {
            return latencies.getValueAtPercentile(percentile) / 1e6;
        }
    }

    /// Connects.
    ///
    /// @param banners how many different ones are clicked, all equally often
    LoadGenerator(int port, int connectionCount, int banners) throws IOException {
        if (banners < 1 || banners > MOST_BANNERS) {
            throw new IllegalArgumentException(
                    "There are %d banners; it must be 1 to %d.".formatted(banners, MOST_BANNERS));
        }
        acknowledged = new long[banners];
        SocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        for (int count = 0; count < connectionCount; count++) {
            connections.add(new Connection(address));
        }
        free.addAll(connections);
    }

    /// As many clicks as the server takes.
    Result closedLoop(Duration length) throws IOException {
        return run(length, 0);
    }

    /// Clicks at a fixed rate.
    Result openLoop(Duration length, int perSecond) throws IOException {
        return run(length, Duration.ofSeconds(1).toNanos() / perSecond);
    }

    /// The clicks that were answered 204 since the beginning, of the banners from [#FIRST_BANNER] on.
    long[] acknowledged() {
        return acknowledged.clone();
    }

    private Result run(Duration length, long newIntervalNs) throws IOException {
        latencies = newHistogram();
        answers = 0;
        intervalNs = newIntervalNs;
        long startNs = System.nanoTime();
        nextDueNs = startNs;
        endNs = startNs + length.toNanos();
        while (System.nanoTime() < endNs) {
            sendDue();
            if (intervalNs == 0) {
                selector.select(LoadGenerator::ready, 1);
            } else if (selector.selectNow(LoadGenerator::ready) == 0) {
                // A longer sleep would be late for the next click, and for its answer.
                LockSupport.parkNanos(NAP_NS);
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
        return new Histogram(LONGEST_LATENCY_NS, 3);
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.channel.close();
        }
        selector.close();
    }

    /// One connection, with at most one request on its way.
    private final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer request = ByteBuffer.allocateDirect(PATH.length + ID_DIGITS + REST.length);
        private final ByteBuffer answer = ByteBuffer.allocateDirect(MAX_ANSWER_BYTES);
        private int banner;
        private long dueNs;

        Connection(SocketAddress address) throws IOException {
            channel = SocketChannel.open(address);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, this);
            request.put(PATH).position(PATH.length + ID_DIGITS).put(REST);
        }

        void send(long due) throws IOException {
            dueNs = due;
            banner = random.nextInt(acknowledged.length);
            long id = FIRST_BANNER + banner;
            for (int at = PATH.length + ID_DIGITS - 1; at >= PATH.length; at--) {
                request.put(at, (byte) ('0' + id % 10));
                id /= 10;
            }
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
                if (!isComplete()) {
                    return;
                }
                requireNoContent();
                answer.clear();
                acknowledged[banner]++;
                answers++;
                long nowNs = System.nanoTime();
                latencies.recordValue(Math.min(nowNs - dueNs, LONGEST_LATENCY_NS));
                if (intervalNs == 0 && nowNs < endNs) {
                    send(nowNs);
                } else {
                    free.addLast(this);
                }
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }

        /// An answer without a body ends with an empty line.
        private boolean isComplete() {
            int end = answer.position();
            return end >= 4
                    && answer.get(end - 4) == '\r'
                    && answer.get(end - 3) == '\n'
                    && answer.get(end - 2) == '\r'
                    && answer.get(end - 1) == '\n';
        }

        private void requireNoContent() throws IOException {
            for (int at = 0; at < NO_CONTENT.length; at++) {
                if (answer.get(at) != NO_CONTENT[at]) {
                    byte[] text = new byte[answer.position()];
                    answer.get(0, text);
                    throw new IOException("The answer is not 204 but:\n" + new String(text, US_ASCII));
                }
            }
        }
    }
}
