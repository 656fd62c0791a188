package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/// The whole service as an operator runs it: three real processes on a folder and a database.
final class Service implements AutoCloseable {
    private static final String ALL_TIME = "{\"from\":\"2000-01-01T00:00:00Z\",\"to\":\"2100-01-01T00:00:00Z\"}";
    private static final long SECONDS_PER_MINUTE = 60;
    private static final JsonMapper JSON = new JsonMapper();

    private final int port = freePort();
    private final int queryPort = freePort();
    private final HttpClient client = HttpClient.newHttpClient();
    private final ServiceProcess aggregator;
    private final ServiceProcess query;
    private final ServiceProcess ingest;

    private Service(Path dataFolder, String databaseUrl, Map<String, String> settings) {
        var environment = new HashMap<>(settings);
        environment.put("DATA_DIR", dataFolder.toAbsolutePath().toString());
        environment.put("DATABASE_URL", databaseUrl);
        environment.put("SERVICE_PORT", Integer.toString(port));
        environment.put("QUERY_PORT", Integer.toString(queryPort));
        environment.put("LOGGING_FORMAT", "text");
        environment.putIfAbsent("LOG_MIN_FREE", "64MiB");
        aggregator = new ServiceProcess("aggregator", "clickcounter.aggregator.AggregatorMain", environment);
        query = new ServiceProcess("query", "clickcounter.query.QueryMain", environment);
        ingest = new ServiceProcess("ingest", "clickcounter.ingest.IngestMain", environment);
    }

    /// Migrates the database and starts the processes; returns when all are ready.
    static Service start(Path dataFolder, String databaseUrl, Map<String, String> settings) {
        new Schema(DatabaseSettings.of(databaseUrl)).up();
        var service = new Service(dataFolder, databaseUrl, settings);
        try {
            service.awaitReady();
            return service;
        } catch (AssertionError failure) {
            service.close();
            throw failure;
        }
    }

    /// The public port.
    int port() {
        return port;
    }

    /// The port of query.
    int queryPort() {
        return queryPort;
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
        HttpResponse<String> answer = statisticsAnswer(bannerId);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Stats-Complete-Until"))
                .as("an answer that is complete")
                .isEmpty();
        Map<Long, Long> counted = new TreeMap<>();
        try {
            for (JsonNode entry : JSON.readTree(answer.body()).get("stats")) {
                long minute = Instant.parse(entry.get("ts").asText()).getEpochSecond() / SECONDS_PER_MINUTE;
                assertThat(counted.put(minute, entry.get("v").asLong()))
                        .as("one entry per minute")
                        .isNull();
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return counted;
    }

    long totalClicks(long bannerId) {
        return statistics(bannerId).values().stream().mapToLong(Long::longValue).sum();
    }

    HttpResponse<String> statisticsAnswer(long bannerId) {
        var request = HttpRequest.newBuilder(
                        URI.create("http://localhost:%d/v1/banners/stats/%d".formatted(port, bannerId)))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(ALL_TIME))
                .build();
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
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
        ingest.close();
        aggregator.close();
        query.close();
        client.close();
    }

    static int freePort() {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
