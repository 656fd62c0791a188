package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// How much processor time of the query process do 1 000 listeners to the live events take?
///
/// Each of 100 banners has ten listeners while 1 000 clicks per second come in. Measured: the processor time of
/// the whole query process, once without listeners and once with all of them, and the number of events that
/// arrive. Not measured: the listeners, which are connections of one thread of the benchmark.
///
/// `./run.sh bench live`
final class LiveScenario {
    private static final int LISTENERS = 1_000;
    private static final int BANNERS = 100;
    private static final int CLICKS_PER_SECOND = 1_000;
    private static final int CLICK_CONNECTIONS = 4;
    private static final Duration WARM_UP = Duration.ofSeconds(20);

    private LiveScenario() {}

    static void run(Plan plan, Report report) throws Exception {
        Table table = report.table("live events, %,d clicks/s".formatted(CLICKS_PER_SECOND));
        Duration length = Duration.ofSeconds(plan.seconds());
        var script = new ClickScript(BANNERS);
        try (var product = Product.startAll(plan.folder().resolve("live"), Map.of());
                var load = new LoadGenerator(product.port(), CLICK_CONNECTIONS, script);
                ExecutorService clicks = Executors.newSingleThreadExecutor()) {
            for (int round = -1; round < plan.rounds(); round++) {
                Duration lasting = round < 0 ? WARM_UP : length;
                for (int count : new int[] {0, LISTENERS}) {
                    try (var listeners = new Listeners(product.queryPort(), count)) {
                        Future<LoadGenerator.Result> clicking =
                                clicks.submit(() -> load.openLoop(lasting, CLICKS_PER_SECOND));
                        long cpuMicros = product.usage("query").cpuMicros();
                        long events = listeners.listen(lasting);
                        cpuMicros = product.usage("query").cpuMicros() - cpuMicros;
                        clicking.get();
                        if (round >= 0) {
                            String row = "%,d listeners".formatted(count);
                            table.add(row, "query's cores", cpuMicros / 1e3 / lasting.toMillis());
                            table.add(row, "events/s", events * 1e3 / lasting.toMillis());
                        }
                    }
                }
            }
            long[] acknowledged = new long[BANNERS];
            script.addTo(acknowledged);
            product.verify(acknowledged);
        }
    }

    /// Connections that receive events.
    private static final class Listeners implements AutoCloseable {
        private final Selector selector = Selector.open();
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
        private long events;

        Listeners(int port, int count) throws IOException {
            var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            for (int listener = 0; listener < count; listener++) {
                var channel = SocketChannel.open(address);
                String request = "GET /v1/banners/live?banner=%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        .formatted(ClickScript.FIRST_BANNER + listener % BANNERS);
                channel.write(ByteBuffer.wrap(request.getBytes(US_ASCII)));
                channel.configureBlocking(false);
                channel.register(selector, SelectionKey.OP_READ);
            }
        }

        /// Receives events for a while; returns how many.
        long listen(Duration length) throws IOException {
            events = 0;
            long endNs = System.nanoTime() + length.toNanos();
            for (long leftNs = length.toNanos(); leftNs > 0; leftNs = endNs - System.nanoTime()) {
                selector.select(this::read, Math.max(1, leftNs / 1_000_000));
            }
            return events;
        }

        private void read(SelectionKey key) {
            buffer.clear();
            try {
                if (((SocketChannel) key.channel()).read(buffer) < 0) {
                    throw new IOException("The server has dropped a listener.");
                }
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
            // Each event is a line "data: …".
            for (int at = 0; at < buffer.position() - 3; at++) {
                if (buffer.get(at) == '\n' && buffer.get(at + 1) == 'd' && buffer.get(at + 3) == 't') {
                    events++;
                }
            }
        }

        @Override
        public void close() throws IOException {
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        }
    }
}
