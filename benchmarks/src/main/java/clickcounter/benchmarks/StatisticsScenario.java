package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.LoadGenerator.Result;
import clickcounter.benchmarks.Report.Table;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

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

    private final Plan plan;
    private final Product product;
    private final Table table;

    private StatisticsScenario(Plan plan, Product product, Table table) {
        this.plan = plan;
        this.product = product;
        this.table = table;
    }

    static void run(Plan plan, Report report) throws Exception {
        try (var product = Product.startAll(plan.folder().resolve("statistics"), Map.of())) {
            var scenario = new StatisticsScenario(plan, product, report.table("statistics"));
            scenario.fillMinutes();
            scenario.underLoad();
            scenario.inARow("31 days, one question after the other", DAYS);
            scenario.inARow("one day, one question after the other", 1);
            scenario.withUncommittedClicks();
        }
    }

    private void fillMinutes() throws SQLException {
        try (Connection connection = product.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    select add_minute_partition(timestamptz '%1$s' - day * interval '1 day')
                    from generate_series(0, %2$d) as day;
                    insert into banner_minute
                    select %3$d, minute, 1 + extract(minute from minute)
                    from generate_series(timestamptz '%1$s' - %2$d * interval '1 day',
                                         timestamptz '%1$s' - interval '1 minute', interval '1 minute') as minute
                    """.formatted(end, DAYS, BANNER));
        }
    }

    private void underLoad() throws Exception {
        try (var clickLoad = clickLoad();
                var questionLoad = new LoadGenerator(product.service().queryPort(), QUESTION_CONNECTIONS, question(1));
                ExecutorService clicks = Executors.newSingleThreadExecutor()) {
            for (int round = -1; round < plan.rounds(); round++) {
                Duration length = round < 0 ? WARM_UP : Duration.ofSeconds(plan.seconds());
                List<Long> cpuBefore = cpuMicros();
                Future<Result> clicking = clicks.submit(() -> clickLoad.openLoop(length, CLICKS_PER_SECOND));
                Result answered = questionLoad.openLoop(length, QUESTIONS_PER_SECOND);
                Result clicked = clicking.get();
                if (round < 0) {
                    continue;
                }
                table.addLatencies(
                        "one day, %d/s, while %d clicks/s come in".formatted(QUESTIONS_PER_SECOND, CLICKS_PER_SECOND),
                        answered.latencies());
                table.addLatencies("the clicks meanwhile", clicked.latencies());
                List<Long> cpuAfter = cpuMicros();
                for (int at = 0; at < PROCESSES.size(); at++) {
                    double busyMicros = cpuAfter.get(at) - cpuBefore.get(at);
                    table.add(PROCESSES.get(at), "processors busy", busyMicros / (length.toNanos() / 1e3));
                }
            }
            for (String process : PROCESSES) {
                table.addMemory(process, product.usage(process));
            }
        }
    }

    /// The processor time of each of [#PROCESSES].
    private List<Long> cpuMicros() {
        return PROCESSES.stream()
                .map(process -> product.usage(process).cpuMicros())
                .toList();
    }

    private void inARow(String row, int days) throws IOException {
        for (int round = 0; round < plan.rounds(); round++) {
            try (var load = new LoadGenerator(product.service().queryPort(), 1, question(days))) {
                table.addLatencies(row, load.closedLoop(IN_A_ROW).latencies());
            }
        }
    }

    private void withUncommittedClicks() throws IOException {
        product.service().aggregator().stopCleanly();
        try (var load = clickLoad()) {
            load.openLoop(Duration.ofSeconds(UNCOMMITTED_CLICKS / CLICKS_PER_SECOND), CLICKS_PER_SECOND);
        }
        inARow("one day, one question after the other, %,d uncommitted clicks".formatted(UNCOMMITTED_CLICKS), 1);
    }

    private LoadGenerator clickLoad() throws IOException {
        return new LoadGenerator(product.service().port(), CONNECTIONS, product.clicks(BANNERS));
    }

    private QuestionScript question(int days) {
        return new QuestionScript(
                "/v1/banners/stats/" + BANNER,
                "{\"from\":\"%s\",\"to\":\"%s\"}".formatted(end.minus(days, ChronoUnit.DAYS), end),
                days * 1_440 * 30);
    }
}
