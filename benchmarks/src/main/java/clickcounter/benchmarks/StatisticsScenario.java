package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.LoadGenerator.Result;
import clickcounter.benchmarks.Report.Table;
import clickcounter.migrations.Database;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/// How long does an answer of the statistics take while clicks come in, and with clicks that the database does
/// not have?
///
/// Measured: requests over HTTP from the moment when they are due (an open loop) up to the last byte of the
/// answer, and the processor time of each process meanwhile. Not measured: filling the database, and the warm-up
/// of query's compilers.
///
/// `./run.sh bench statistics`
final class StatisticsScenario {
    private static final int CLICKS_PER_SECOND = 20_000;
    private static final int QUESTIONS_PER_SECOND = 500;
    private static final int CONNECTIONS = 64;
    private static final int BANNERS = 10_000;
    private static final long BANNER = 1;
    private static final int DAYS = 31;
    private static final int UNCOMMITTED_CLICKS = 100_000;
    private static final int QUESTION_CONNECTIONS = 32;
    private static final Duration IN_A_ROW = Duration.ofSeconds(3);
    private static final List<String> PROCESSES = List.of("database", "ingest", "aggregator", "query");

    /// The compilers of query need some 15 000 questions until they are idle.
    private static final Duration WARM_UP = Duration.ofSeconds(40);

    /// The end of the minutes that are asked for: the beginning of yesterday.
    private final Instant end = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(1, ChronoUnit.DAYS);

    private final Product product;
    private final Table table;

    private StatisticsScenario(Product product, Table table) {
        this.product = product;
        this.table = table;
    }

    static void run(Plan plan, Report report) throws Exception {
        Table table = report.table("statistics");
        try (var product = Product.startAll(plan.folder().resolve("statistics"), Map.of())) {
            var scenario = new StatisticsScenario(product, table);
            scenario.fillMinutes();
            scenario.underLoad(Duration.ofSeconds(plan.seconds()), plan.rounds());
            for (int round = 0; round < plan.rounds(); round++) {
                scenario.inARow("31 days, one question after the other", DAYS);
            }
            scenario.uncommittedClicks(plan.rounds());
        }
    }

    private void fillMinutes() throws IOException, SQLException {
        try (Database database = product.connect();
                Connection connection = database.connection();
                PreparedStatement addPartitions = connection.prepareStatement("""
                        select add_minute_partition(cast(? as timestamptz) - day * interval '1 day')
                        from generate_series(0, ?) as day
                        """);
                PreparedStatement insert = connection.prepareStatement("""
                        insert into banner_minute
                        select ?, minute, 1 + extract(minute from minute)
                        from generate_series(cast(? as timestamptz) - ? * interval '1 day',
                                             cast(? as timestamptz) - interval '1 minute', interval '1 minute') as minute
                        """)) {
            addPartitions.setString(1, end.toString());
            addPartitions.setInt(2, DAYS);
            addPartitions.execute();
            insert.setLong(1, BANNER);
            insert.setString(2, end.toString());
            insert.setInt(3, DAYS);
            insert.setString(4, end.toString());
            insert.executeUpdate();
        }
    }

    private void underLoad(Duration length, int rounds) throws Exception {
        try (var clickLoad = new LoadGenerator(product.port(), CONNECTIONS, new ClickScript(BANNERS));
                var questionLoad = new LoadGenerator(product.queryPort(), QUESTION_CONNECTIONS, question(1));
                ExecutorService clicks = Executors.newSingleThreadExecutor()) {
            for (int round = -1; round < rounds; round++) {
                Duration lasting = round < 0 ? WARM_UP : length;
                long[] cpuBefore = cpuMicros();
                Future<Result> clicking = clicks.submit(() -> clickLoad.openLoop(lasting, CLICKS_PER_SECOND));
                Result answered = questionLoad.openLoop(lasting, QUESTIONS_PER_SECOND);
                Result clicked = clicking.get();
                if (round >= 0) {
                    String row = "one day, %d/s, while %d clicks/s come in"
                            .formatted(QUESTIONS_PER_SECOND, CLICKS_PER_SECOND);
                    addPercentiles(row, answered.latencies());
                    addPercentiles("the clicks meanwhile", clicked.latencies());
                    long[] cpuAfter = cpuMicros();
                    for (int at = 0; at < PROCESSES.size(); at++) {
                        double busyMicros = cpuAfter[at] - cpuBefore[at];
                        table.add(PROCESSES.get(at), "processors busy", busyMicros / (lasting.toNanos() / 1e3));
                    }
                }
            }
            for (String process : PROCESSES) {
                table.add(process, "own memory MiB", product.usage(process).ownBytes() / 1024.0 / 1024);
            }
        }
    }

    /// The processor time of each of [#PROCESSES].
    private long[] cpuMicros() throws IOException {
        long[] micros = new long[PROCESSES.size()];
        for (int at = 0; at < micros.length; at++) {
            micros[at] = product.usage(PROCESSES.get(at)).cpuMicros();
        }
        return micros;
    }

    private void inARow(String row, int days) throws IOException {
        try (var load = new LoadGenerator(product.queryPort(), 1, question(days))) {
            addPercentiles(row, load.closedLoop(IN_A_ROW).latencies());
        }
    }

    private void uncommittedClicks(int rounds) throws IOException {
        for (int round = 0; round < rounds; round++) {
            inARow("one day, one question after the other", 1);
        }
        product.process("aggregator").stopCleanly();
        try (var load = new LoadGenerator(product.port(), CONNECTIONS, new ClickScript(BANNERS))) {
            load.openLoop(Duration.ofSeconds(UNCOMMITTED_CLICKS / CLICKS_PER_SECOND), CLICKS_PER_SECOND);
        }
        for (int round = 0; round < rounds; round++) {
            inARow("one day, one question after the other, %,d uncommitted clicks".formatted(UNCOMMITTED_CLICKS), 1);
        }
    }

    private QuestionScript question(int days) {
        return new QuestionScript(
                "/v1/banners/stats/" + BANNER,
                "{\"from\":\"%s\",\"to\":\"%s\"}".formatted(end.minus(days, ChronoUnit.DAYS), end),
                days * 1_440 * 30);
    }

    private void addPercentiles(String row, Histogram latencies) {
        for (double percentile : new double[] {50, 99, 99.9}) {
            String column = "p%s ms".formatted(percentile == 99.9 ? "99.9" : (int) percentile);
            table.add(row, column, latencies.getValueAtPercentile(percentile) / 1e6);
        }
    }
}
