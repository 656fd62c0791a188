package clickcounter.query;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

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

/// A running query with a log and a database of its own, started in the same way as the process.
public final class RunningQuery implements AutoCloseable {
    private static final String ALWAYS = """
            {"from":"0000-01-01T00:00:00Z","to":"9999-12-31T23:59:59Z"}""";
    private static final Pattern CLICKS = Pattern.compile("\"v\":(\\d+)");

    public final TestDatabase database;
    public final ClickWriter log;
    public final SteppedAggregator aggregator;
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
    public void restart() throws SQLException {
        query.close();
        query = startProcess();
    }

    public static RunningQuery start(Path folder, String... namesAndValues) throws SQLException {
        var database = TestDatabase.create();
        return new RunningQuery(database, database.url(), folder, settings(namesAndValues));
    }

    /// Starts a query that reaches `database` at another address.
    public static RunningQuery start(TestDatabase database, String databaseUrl, Path folder, String... namesAndValues)
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

    public int port() {
        return query.port();
    }

    public int adminPort() {
        return query.adminPort();
    }

    public HttpResponse<String> ask(long bannerId, String from, String to) {
        return ask(bannerId, """
                {"from":"%s","to":"%s"}""".formatted(from, to));
    }

    public HttpResponse<String> ask(Object bannerId, String body) {
        return send(request("/v1/banners/stats/" + bannerId)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    /// Asks for all minutes of a banner.
    public HttpResponse<String> ask(long bannerId) {
        return ask(bannerId, ALWAYS);
    }

    /// Returns all clicks of a banner, from an answer that must be complete.
    public long clicks(long bannerId) {
        HttpResponse<String> answer = ask(bannerId);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(completeUntil(answer)).isNull();
        return sum(answer);
    }

    public static void assertProblem(HttpResponse<String> answer, int status, String sentence) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(answer.body())
                .contains("\"status\":" + status)
                .endsWith("\"detail\":\"%s\"}"
                        .formatted(sentence.replace("\\", "\\\\").replace("\"", "\\\"")));
    }

    public static long sum(HttpResponse<String> answer) {
        return CLICKS.matcher(answer.body())
                .results()
                .mapToLong(clicks -> Long.parseLong(clicks.group(1)))
                .sum();
    }

    public static @Nullable String completeUntil(HttpResponse<String> answer) {
        return answer.headers().firstValue("Stats-Complete-Until").orElse(null);
    }

    /// Asks until the answer is as expected, for at most half a minute.
    public HttpResponse<String> askUntil(long bannerId, Predicate<HttpResponse<String>> expected) {
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

    public HttpRequest.Builder request(String pathAndQuery) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + pathAndQuery))
                .timeout(Duration.ofSeconds(30));
    }

    /// Sends a `GET` request.
    ///
    /// @param headers names and values
    public HttpResponse<String> get(String pathAndQuery, String... headers) {
        HttpRequest.Builder request = request(pathAndQuery);
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request);
    }

    /// Opens an answer that may have no end. The caller closes its body.
    public HttpResponse<InputStream> open(String pathAndQuery) {
        return open(request(pathAndQuery));
    }

    public HttpResponse<InputStream> open(HttpRequest.Builder request) {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    public HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString(UTF_8));
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    /// Adds clicks of a banner in some minutes to the counts.
    ///
    /// @param timesAndClicks such as `2024-01-01 10:00Z=5`
    public void count(long bannerId, String... timesAndClicks) throws SQLException {
        var counts = new Counts.Builder(timesAndClicks.length);
        for (String timeAndClicks : timesAndClicks) {
            String[] parts = timeAndClicks.split("=", 2);
            Instant time = Instant.parse(parts[0].replace(" ", "T").replace("Z", ":00Z"));
            counts.add(bannerId, EpochMinute.of(time), Long.parseLong(parts[1]));
        }
        aggregator.add(counts.build());
    }

    /// Changes the database.
    public void execute(String sql) throws SQLException {
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
