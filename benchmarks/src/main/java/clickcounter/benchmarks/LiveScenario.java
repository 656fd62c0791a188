package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.shared.Opened;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/// How much processor time of the query process do 1 000 listeners to the live events take?
///
/// Each of 100 banners has ten listeners while 1 000 clicks per second come in. Measured: the processor time of
/// the whole query process, once without listeners and once with all of them, and the number of events that
/// arrive. Not measured: the listeners, which are virtual threads of the benchmark.
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
        try (var product = Product.startAll(plan.folder().resolve("live"), Map.of());
                var load = new LoadGenerator(product.service().port(), CLICK_CONNECTIONS, product.clicks(BANNERS))) {
            for (int round = -1; round < plan.rounds(); round++) {
                Duration length = round < 0 ? WARM_UP : Duration.ofSeconds(plan.seconds());
                for (int count : new int[] {0, LISTENERS}) {
                    var events = new LongAdder();
                    List<Future<?>> listening = new ArrayList<>();
                    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                            var sockets = new Opened()) {
                        for (int listener = 0; listener < count; listener++) {
                            Socket socket = sockets.add(listen(product, listener % BANNERS));
                            listening.add(threads.submit(() -> countEvents(socket, events)));
                        }
                        long cpuMicros = product.usage("query").cpuMicros();
                        load.openLoop(length, CLICKS_PER_SECOND);
                        cpuMicros = product.usage("query").cpuMicros() - cpuMicros;
                        if (listening.stream().anyMatch(Future::isDone)) {
                            throw new IOException("The server has dropped a listener.");
                        }
                        if (round >= 0) {
                            String row = "%,d listeners".formatted(count);
                            table.add(row, "query's cores", cpuMicros / 1e3 / length.toMillis());
                            table.add(row, "events/s", events.sum() * 1e3 / length.toMillis());
                        }
                    }
                }
            }
            product.verify();
        }
    }

    private static Socket listen(Product product, int banner) throws IOException {
        var socket =
                new Socket(InetAddress.getLoopbackAddress(), product.service().queryPort());
        String request = "GET /v1/banners/live?banner=%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
                .formatted(ClickScript.FIRST_BANNER + banner);
        socket.getOutputStream().write(request.getBytes(US_ASCII));
        return socket;
    }

    /// Counts until the socket is closed. Each event is a line `data: …`.
    private static void countEvents(Socket socket, LongAdder events) {
        try (var lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII))) {
            lines.lines().filter(line -> line.startsWith("data: ")).forEach(_ -> events.increment());
        } catch (IOException | UncheckedIOException closed) {
            // This ends the thread, which the caller notices unless it has closed the socket itself.
        }
    }
}
