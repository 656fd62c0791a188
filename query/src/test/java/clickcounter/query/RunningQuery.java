package clickcounter.query;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import clickcounter.counts.Counts;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A running query with a log and a database of its own, started as the process would be.
final class RunningQuery implements AutoCloseable {
    private static final String ALWAYS = """
            {"from":"0000-01-01T00:00:00Z","to":"9999-12-31T23:59:59Z"}""";
    private static final Pattern CLICKS = Pattern.compile("\"v\":(\\d+)");

    final TestDatabase database;
    final ClickWriter log;
    final SteppedAggregator aggregator;
    private final Map<String, String> environment;
    private Query query;
    private final HttpClient http = HttpClient.newHttpClient();

    private RunningQuery(TestDatabase database, String databaseUrl, Path folder, Map<String, String> settings)
            throws SQLException {
        this.database = database;
        new Schema(DatabaseSettings.of(database.url())).up();
        environment = new HashMap<>(Map.of(
                "DATABASE_URL", databaseUrl,
                "DATA_DIR", folder.toString(),
                "LOG_MIN_FREE", "0",
                "QUERY_ADMIN_PORT", "0",
                "QUERY_PORT", "0"));
        environment.putAll(settings);
        log = ClickWriter.open(LogSettings.read(new SettingsReader(environment)), new Lifetime());
        aggregator = SteppedAggregator.open(folder.resolve("log"), DatabaseSettings.of(database.url()));
        query = startProcess();
    }

    private Query startProcess() throws SQLException {
        return Query.start(QuerySettings.read(new SettingsReader(environment)), new Lifetime());
    }

    /// Stops query and starts it again.
    void restart() throws SQLException {
        query.close();
        query = startProcess();
    }

    static RunningQuery start(Path folder, String... namesAndValues) throws SQLException {
        var database = TestDatabase.create();
        return new RunningQuery(database, database.url(), folder, settings(namesAndValues));
    }

    /// With a database that is reached in another way than directly.
    static RunningQuery start(TestDatabase database, String databaseUrl, Path folder, String... namesAndValues)
            throws SQLException {
        return new RunningQuery(database, databaseUrl, folder, settings(namesAndValues));
    }

    private static Map<String, String> settings(String... namesAndValues) {
        Map<String, String> settings = new HashMap<>();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            settings.put(namesAndValues[at], namesAndValues[at + 1]);
        }
        return settings;
    }

    int port() {
        return query.port();
    }

    int adminPort() {
        return query.adminPort();
    }

    HttpResponse<String> ask(long bannerId, String from, String to) {
        return ask(bannerId, """
                {"from":"%s","to":"%s"}""".formatted(from, to));
    }

    HttpResponse<String> ask(Object bannerId, String body) {
        return send(request("/v1/banners/stats/" + bannerId)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    /// All about one banner.
    HttpResponse<String> ask(long bannerId) {
        return ask(bannerId, ALWAYS);
    }

    /// All clicks of one banner; the answer must be a complete one.
    long clicks(long bannerId) {
        HttpResponse<String> answer = ask(bannerId);
        if (answer.statusCode() != 200 || completeUntil(answer) != null) {
            throw new AssertionError("not a complete answer: " + answer.statusCode() + " "
                    + answer.headers().map() + " " + answer.body());
        }
        return sum(answer);
    }

    static long sum(HttpResponse<String> answer) {
        return CLICKS.matcher(answer.body())
                .results()
                .mapToLong(clicks -> Long.parseLong(clicks.group(1)))
                .sum();
    }

    static @Nullable String completeUntil(HttpResponse<String> answer) {
        return answer.headers().firstValue("Stats-Complete-Until").orElse(null);
    }

    /// Asks again and again until the answer is as expected, half a minute at most.
    HttpResponse<String> askUntil(long bannerId, Predicate<HttpResponse<String>> expected) {
        long deadline = System.nanoTime() + SECONDS.toNanos(30);
        HttpResponse<String> answer = ask(bannerId);
        while (!expected.test(answer)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(
                        "still " + answer.statusCode() + " " + answer.headers().map() + " " + answer.body());
            }
            answer = ask(bannerId);
        }
        return answer;
    }

    HttpRequest.Builder request(String pathAndQuery) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + pathAndQuery))
                .timeout(Duration.ofSeconds(30));
    }

    /// @param headers names and values
    HttpResponse<String> get(String pathAndQuery, String... headers) {
        HttpRequest.Builder request = request(pathAndQuery);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request);
    }

    /// An answer that may have no end; the caller closes its body.
    HttpResponse<InputStream> open(String pathAndQuery) {
        return open(request(pathAndQuery));
    }

    HttpResponse<InputStream> open(HttpRequest.Builder request) {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8));
        } catch (IOException failure) {
            throw new AssertionError(failure);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    /// Adds clicks of a banner in some minutes to the counts.
    ///
    /// @param timesAndClicks such as `2024-01-01 10:00Z=5`
    void count(long bannerId, String... timesAndClicks) throws SQLException {
        var counts = new Counts.Builder(timesAndClicks.length);
        for (String timeAndClicks : timesAndClicks) {
            String[] parts = timeAndClicks.split("=", 2);
            Instant time = Instant.parse(parts[0].replace(" ", "T").replace("Z", ":00Z"));
            counts.add(bannerId, EpochMinute.of(time), Long.parseLong(parts[1]));
        }
        aggregator.add(counts.build());
    }

    /// `sql` changes the database.
    void execute(String sql) throws SQLException {
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        http.close();
        query.close();
        aggregator.close();
        log.close();
        database.close();
    }
}
