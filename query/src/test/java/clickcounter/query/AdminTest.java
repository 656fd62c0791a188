package clickcounter.query;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Acceptors;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.MetricsDocument;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What query tells operators.
@Timeout(120)
final class AdminTest {
    @TempDir
    Path folder;

    /// A pool whose connections are all busy is no sign that the database is away.
    @Test
    void isReadyWhileQuestionsHaveAllConnections() throws Exception {
        try (var query = RunningQuery.start(folder, "DATABASE_POOL_SIZE", "1");
                var connection = query.database.connect();
                var statement = connection.createStatement();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            query.count(7, "2026-02-01 10:00Z=5");
            connection.setAutoCommit(false);
            statement.execute("lock table banner_minute in access exclusive mode");
            Future<Long> asked = threads.submit(() -> query.clicks(7));

            // Longer than anybody waits for a connection of the pool.
            long endNs = System.nanoTime() + Duration.ofSeconds(6).toNanos();
            while (System.nanoTime() - endNs < 0) {
                HttpResponse<String> ready = Exposition.get(query.adminPort(), "/readyz");
                assertThat(ready.statusCode()).as(ready.body()).isEqualTo(200);
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
            }
            connection.rollback();
            assertThat(asked.get(1, TimeUnit.MINUTES)).isEqualTo(5);
        }
    }

    @Test
    void isReadyAndCountsItsAnswersInMetricsThatAreDocumented() throws Exception {
        try (var query = RunningQuery.start(folder)) {
            query.log.append(7);
            assertThat(query.clicks(7)).isEqualTo(1);
            assertThat(query.ask("none", "{}").statusCode()).isEqualTo(400);
            sendNonsense(query.port());

            assertThat(Exposition.get(query.adminPort(), "/readyz").body()).isEqualTo("""
                    {"ready":true,"checks":{"running":{"ok":true},"log":{"ok":true},"database":{"ok":true},\
                    "schema":{"ok":true},"lag":{"ok":true}}}""");
            Exposition metrics = Exposition.of(query.adminPort());
            assertThat(metrics.value("clickcounter_http_request_duration_seconds_count{status=\"200\"}"))
                    .isOne();
            assertThat(metrics.value("clickcounter_http_request_duration_seconds_count{status=\"400\"}"))
                    .isOne();
            assertThat(metrics.value("clickcounter_kept_clicks")).isOne();
            assertThat(metrics.value("clickcounter_database_connections{state=\"waiting\"}"))
                    .isZero();
            assertThat(metrics.ownFamilies()).isEqualTo(MetricsDocument.metricsOf("query"));
        }
    }

    private static void sendNonsense(int port) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write("nonsense\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().readAllBytes())
                    .startsWith("HTTP/1.1 400".getBytes(StandardCharsets.US_ASCII));
        }
    }

    @Test
    void isNotReadyWhileTheDatabaseIsAway() throws Exception {
        var database = TestDatabase.create();
        try (var proxy = FaultyProxy.start(database.url());
                var query = RunningQuery.start(database, proxy.url(database.url()), folder)) {
            assertThat(Exposition.get(query.adminPort(), "/readyz").statusCode())
                    .isEqualTo(200);
            proxy.refuse();
            proxy.cutAll();
            Await.until(
                    "the problem is reported",
                    () -> Exposition.get(query.adminPort(), "/readyz")
                            .body()
                            .contains("\"database\":{\"ok\":false,\"problem\":\"The database does not answer: "));
            assertThat(Exposition.get(query.adminPort(), "/livez").statusCode()).isEqualTo(200);
            proxy.accept();
            Await.until(
                    "it is ready again",
                    () -> Exposition.get(query.adminPort(), "/readyz").statusCode() == 200);
        }
    }

    @Test
    void isNotAliveWhenItsPortIsClosedForGood() throws Exception {
        try (var query = RunningQuery.start(folder)) {
            Acceptors.closeNewest();
            Await.until(
                    "it is not alive",
                    () -> Exposition.get(query.adminPort(), "/livez").statusCode() == 503);
            assertThat(Exposition.get(query.adminPort(), "/livez").body())
                    .isEqualTo("{\"alive\":false,\"problem\":\"Nothing listens on port %d of 127.0.0.1 any more.\"}"
                            .formatted(query.port()));
        }
    }

    @Test
    void isNotReadyWhileMoreClicksWaitThanAreKept() throws Exception {
        try (var query = RunningQuery.start(folder, "STATS_MAX_KEPT", "5")) {
            for (int click = 0; click < 10; click++) {
                query.log.append(7);
            }
            Await.until(
                    "the problem is reported",
                    () -> Exposition.get(query.adminPort(), "/readyz")
                            .body()
                            .contains(
                                    "\"lag\":{\"ok\":false,\"problem\":\"The log has not been read to its end for more than 5 s; "
                                            + "5 clicks are kept, STATS_MAX_KEPT is 5.\"}"));
        }
    }

    @Test
    void isNotReadyOnASchemaThatWasTakenBack() throws Exception {
        try (var query = RunningQuery.start(folder);
                var connection = query.database.connect();
                var statement = connection.createStatement()) {
            statement.execute("update flyway_schema_history set version = '999'");
            Await.until(
                    "the problem is reported",
                    () -> Exposition.get(query.adminPort(), "/readyz")
                            .body()
                            .contains("\"schema\":{\"ok\":false,\"problem\":\"The schema of the database"));
        }
    }
}
