package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.shared.Lifetime;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.testing.TestProcess;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/// How fast does the aggregator work off a log that has grown while it was away: 20 million clicks on 10 000
/// banners in 10 minutes, on one core?
///
/// Measured: the time from the aggregator's readiness, which is after it has taken over the log, to the moment
/// when the database has all clicks. Not measured: writing the log.
///
/// `./run.sh bench replay`
final class ReplayScenario {
    private static final int CLICKS = 20_000_000;
    private static final int BANNERS = 10_000;
    private static final int MINUTES = 10;

    private ReplayScenario() {}

    static void run(Plan plan, Report report) throws SQLException {
        Table table = report.table("replay of %,d million clicks on one core".formatted(CLICKS / 1_000_000));
        for (int round = 0; round < plan.rounds(); round++) {
            try (var product = new Product(plan.folder().resolve("replay-" + round), Map.of())) {
                fill(product.service().dataFolder());
                replay(product, table);
            }
        }
    }

    /// Writes the clicks, spread evenly over the minutes before the present one.
    private static void fill(Path dataFolder) {
        var settings = new SettingsReader(Map.of(Setting.DATA_DIR.name(), dataFolder.toString()));
        var random = new SplittableRandom(1);
        long startMs = Instant.now()
                .truncatedTo(ChronoUnit.MINUTES)
                .minus(Duration.ofMinutes(MINUTES))
                .toEpochMilli();
        var timeMs = new AtomicLong(startMs);
        try (ClickWriter writer = ClickWriter.open(LogSettings.read(settings), new Lifetime(), timeMs::get)) {
            for (int click = 0; click < CLICKS; click++) {
                timeMs.setPlain(
                        startMs + (long) click * Duration.ofMinutes(MINUTES).toMillis() / CLICKS);
                writer.append(ClickScript.FIRST_BANNER + random.nextInt(BANNERS));
            }
        }
    }

    private static void replay(Product product, Table table) throws SQLException {
        try (Connection connection = product.connect()) {
            TestProcess aggregator = product.launch(
                            "aggregator", Map.of(), List.of("taskset", "-c", "0", "./run.sh", "aggregator"))
                    .awaitReady();
            long startNs = System.nanoTime();
            Product.awaitClicks(connection, CLICKS);
            double seconds = (System.nanoTime() - startNs) / 1e9;
            table.add("aggregator", "clicks/s", CLICKS / seconds);
            table.add(
                    "aggregator",
                    "CPU ns/click with its start",
                    aggregator.usage().cpuMicros() * 1e3 / CLICKS);
            table.addMemory("aggregator", aggregator.usage());
        }
    }
}
