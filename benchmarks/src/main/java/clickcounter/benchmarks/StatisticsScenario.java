package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.migrations.Database;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/// How long an answer of the statistics takes: while clicks come in, and with clicks that the database does not
/// have.
///
/// Questions are asked in an open loop: their latency counts from when they were due.
final class StatisticsScenario {
    private static final int CLICKS_PER_SECOND = 20_000;
    private static final int QUESTIONS_PER_SECOND = 500;
    private static final int CONNECTIONS = 64;
    private static final int BANNERS = 10_000;
    private static final long BANNER = 1;
    private static final int DAYS = 31;
    private static final int UNCOMMITTED_CLICKS = 100_000;
    private static final int QUESTIONS_IN_A_ROW = 300;
    private static final Duration WARM_UP = Duration.ofSeconds(10);

    /// Of the minutes that are asked for: the beginning of yesterday.
    private final Instant end = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(1, ChronoUnit.DAYS);

    private final HttpClient client = HttpClient.newHttpClient();
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
        try (var load = new LoadGenerator(product.port(), CONNECTIONS, BANNERS);
                ExecutorService clicks = Executors.newSingleThreadExecutor()) {
            for (int round = -1; round < rounds; round++) {
                Duration lasting = round < 0 ? WARM_UP : length;
                Future<LoadGenerator.Result> clicking = clicks.submit(() -> load.openLoop(lasting, CLICKS_PER_SECOND));
                Histogram latencies = openLoop(lasting);
                LoadGenerator.Result clicked = clicking.get();
                if (round >= 0) {
                    String row = "one day, %d/s, while %d clicks/s come in"
                            .formatted(QUESTIONS_PER_SECOND, CLICKS_PER_SECOND);
                    addPercentiles(row, latencies);
                    addPercentiles("the clicks meanwhile", clicked.latencies());
                }
            }
            for (String process : new String[] {"ingest", "aggregator", "query"}) {
                table.add(process, "own memory MiB", product.process(process).ownBytes() / 1024.0 / 1024);
            }
        }
    }

    private Histogram openLoop(Duration length) throws InterruptedException, ExecutionException {
        var latencies = new ConcurrentHistogram(TimeUnit.SECONDS.toNanos(60), 3);
        long questions = length.toSeconds() * QUESTIONS_PER_SECOND;
        long startNs = System.nanoTime();
        Future<?> last = null;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (long question = 0; question < questions; question++) {
                long dueNs = startNs + question * TimeUnit.SECONDS.toNanos(1) / QUESTIONS_PER_SECOND;
                while (System.nanoTime() < dueNs) {
                    LockSupport.parkNanos(dueNs - System.nanoTime());
                }
                last = executor.submit(() -> {
                    ask(1);
                    latencies.recordValue(System.nanoTime() - dueNs);
                    return null;
                });
            }
        }
        if (last != null) {
            last.get();
        }
        return latencies;
    }

    private void inARow(String row, int days) throws IOException, InterruptedException {
        var latencies = new Histogram(TimeUnit.SECONDS.toNanos(60), 3);
        for (int question = 0; question < QUESTIONS_IN_A_ROW; question++) {
            long startNs = System.nanoTime();
            ask(days);
            latencies.recordValue(System.nanoTime() - startNs);
        }
        addPercentiles(row, latencies);
    }

    private void uncommittedClicks(int rounds) throws IOException, InterruptedException {
        for (int round = 0; round < rounds; round++) {
            inARow("one day, one question after the other", 1);
        }
        product.stop("aggregator");
        try (var load = new LoadGenerator(product.port(), CONNECTIONS, BANNERS)) {
            load.openLoop(Duration.ofSeconds(UNCOMMITTED_CLICKS / CLICKS_PER_SECOND), CLICKS_PER_SECOND);
        }
        for (int round = 0; round < rounds; round++) {
            inARow("the same with %,d uncommitted clicks".formatted(UNCOMMITTED_CLICKS), 1);
        }
    }

    private void ask(int days) throws IOException, InterruptedException {
        String question = "{\"from\":\"%s\",\"to\":\"%s\"}".formatted(end.minus(days, ChronoUnit.DAYS), end);
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:%d/v1/banners/stats/%d".formatted(product.queryPort(), BANNER)))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(question))
                .build();
        HttpResponse<byte[]> answer = client.send(request, BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200 || answer.body().length < days * 1_440 * 30) {
            throw new IOException(
                    "The answer was %d with %d bytes.".formatted(answer.statusCode(), answer.body().length));
        }
    }

    private void addPercentiles(String row, Histogram latencies) {
        for (double percentile : new double[] {50, 99, 99.9}) {
            String column = "p%s ms".formatted(percentile == 99.9 ? "99.9" : (int) percentile);
            table.add(row, column, latencies.getValueAtPercentile(percentile) / 1e6);
        }
    }
}
