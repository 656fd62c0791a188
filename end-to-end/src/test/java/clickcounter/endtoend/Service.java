package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.endtoend.ServiceProcess.Program;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;

/// The whole service as an operator runs it: three real processes on a folder and a database.
///
/// **Threads**: any.
final class Service implements AutoCloseable {
    private static final String ALL_TIME = "{\"from\":\"2000-01-01T00:00:00Z\",\"to\":\"2100-01-01T00:00:00Z\"}";
    private static final long SECONDS_PER_MINUTE = 60;
    private static final int FIRST_PORT = 15_000;
    private static final int LAST_PORT = 32_000;
    private static final Duration MAX_ANSWER = Duration.ofSeconds(60);
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final Map<String, String> environment;
    private final int port = freePort();
    private final int queryPort = freePort();
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<ServiceProcess> processes = new CopyOnWriteArrayList<>();
    private final ServiceProcess query;
    private final ServiceProcess ingest;
    private volatile ServiceProcess aggregator;

    private Service(Path folder, String databaseUrl, Map<String, String> settings) {
        this.folder = folder;
        environment = new HashMap<>(settings);
        environment.put("DATABASE_URL", databaseUrl);
        environment.put("SERVICE_PORT", Integer.toString(port));
        environment.put("QUERY_PORT", Integer.toString(queryPort));
        environment.putIfAbsent("LOG_MIN_FREE", "64MiB");
        ingest = launch("ingest", Program.INGEST, Map.of());
        aggregator = launch("aggregator", Program.AGGREGATOR, Map.of());
        query = launch("query", Program.QUERY, Map.of());
    }

    /// Migrates the database and starts the processes; returns when all are ready.
    ///
    /// @param folder the test's; the service's data is in `data` below it
    static Service start(Path folder, String databaseUrl, Map<String, String> settings) {
        new Schema(DatabaseSettings.of(databaseUrl)).up();
        var service = new Service(folder, databaseUrl, settings);
        try {
            service.awaitReady();
            return service;
        } catch (AssertionError failure) {
            service.close();
            throw failure;
        }
    }

    /// Starts one more process on the same folder and database.
    ///
    /// @param differing settings that are not those of the others
    /// @param launcher a command that runs the rest of its line; usually empty
    ServiceProcess launch(String name, Program program, Map<String, String> differing, String... launcher) {
        var settings = new HashMap<>(environment);
        settings.putAll(differing);
        var process = new ServiceProcess(name, program, folder, settings, List.of(launcher));
        processes.add(process);
        return process;
    }

    /// The public port.
    int port() {
        return port;
    }

    /// The port of query.
    int queryPort() {
        return queryPort;
    }

    Path logFolder() {
        return folder.resolve("data").resolve("log");
    }

    ServiceProcess ingest() {
        return ingest;
    }

    ServiceProcess aggregator() {
        return aggregator;
    }

    ServiceProcess query() {
        return query;
    }

    /// All that were started, also those that have ended.
    List<ServiceProcess> processes() {
        return List.copyOf(processes);
    }

    /// From now on this one is the aggregator.
    void handOverTo(ServiceProcess newAggregator) {
        aggregator = newAggregator;
    }

    void awaitReady() {
        ingest.awaitReady();
        query.awaitReady();
        aggregator.awaitReady();
    }

    /// Stops the processes in the order of `run.sh` and expects that each exits with 0.
    void stop() {
        assertThat(ingest.stop()).as(ingest::output).isZero();
        assertThat(aggregator.stop()).as(aggregator::output).isZero();
        assertThat(query.stop()).as(query::output).isZero();
    }

    void restart() {
        aggregator.restart();
        query.restart();
        ingest.restart();
        awaitReady();
    }

    /// Asks the public port for all clicks of a banner, by minute since 1970.
    Map<Long, Long> statistics(long bannerId) {
        try {
            HttpResponse<String> answer = statisticsAnswer(bannerId);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(isComplete(answer)).as("an answer that is complete").isTrue();
            return counted(answer);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static boolean isComplete(HttpResponse<String> statistics) {
        return statistics.headers().firstValue("Stats-Complete-Until").isEmpty();
    }

    /// Clicks by minute since 1970, as an answer with status 200 says.
    static Map<Long, Long> counted(HttpResponse<String> statistics) throws IOException {
        Map<Long, Long> counted = new TreeMap<>();
        for (JsonNode entry : JSON.readTree(statistics.body()).get("stats")) {
            long minute = Instant.parse(entry.get("ts").asText()).getEpochSecond() / SECONDS_PER_MINUTE;
            assertThat(counted.put(minute, entry.get("v").asLong()))
                    .as("one entry per minute")
                    .isNull();
        }
        return counted;
    }

    long totalClicks(long bannerId) {
        return sum(statistics(bannerId));
    }

    static long sum(Map<Long, Long> counted) {
        return counted.values().stream().mapToLong(Long::longValue).sum();
    }

    HttpResponse<String> statisticsAnswer(long bannerId) throws IOException {
        return statisticsAnswer(port, bannerId);
    }

    /// Asks the process that listens there.
    ///
    /// **Errors**: [IOException] when it gives no answer.
    HttpResponse<String> statisticsAnswer(int askedPort, long bannerId) throws IOException {
        var request = HttpRequest.newBuilder(
                        URI.create("http://localhost:%d/v1/banners/stats/%d".formatted(askedPort, bannerId)))
                .timeout(MAX_ANSWER)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(ALL_TIME))
                .build();
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    /// Fails unless the statistics of every banner are what the ledger allows.
    void verify(Ledger ledger) {
        for (long bannerId : ledger.bannerIds()) {
            ledger.verify(bannerId, statistics(bannerId));
        }
    }

    @Override
    public void close() {
        processes.forEach(ServiceProcess::close);
        client.close();
    }

    /// A free port that the system gives to no outgoing connection: a process that is away finds it free when
    /// it comes back, and a client that tries it meanwhile is not connected to itself.
    static int freePort() {
        var random = ThreadLocalRandom.current();
        while (true) {
            try (var socket = new ServerSocket(random.nextInt(FIRST_PORT, LAST_PORT + 1))) {
                return socket.getLocalPort();
            } catch (BindException taken) {
                // The next one may be free.
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }
}
