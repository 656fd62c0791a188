package clickcounter.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.testing.Acceptors;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import clickcounter.testing.MetricsDocument;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What ingest tells its operators.
@Timeout(60)
final class AdminTest {
    @TempDir
    Path folder;

    @Test
    void livesAndIsReadyWhenClicksAreTaken() {
        try (var ingest = RunningIngest.start(folder)) {
            HttpResponse<String> alive = Exposition.get(ingest.adminPort(), "/livez");
            assertThat(alive.statusCode()).isEqualTo(200);
            assertThat(alive.body()).isEqualTo("{\"alive\":true}");
            HttpResponse<String> ready = Exposition.get(ingest.adminPort(), "/readyz");
            assertThat(ready.statusCode()).isEqualTo(200);
            assertThat(ready.headers().firstValue("Content-Type")).hasValue("application/json");
            assertThat(ready.headers().firstValue("Cache-Control")).hasValue("no-store");
            assertThat(ready.body()).isEqualTo("""
                    {"ready":true,"checks":{"running":{"ok":true},"log":{"ok":true},"disk":{"ok":true},"port":{"ok":true}}}""");
        }
    }

    /// Clicks would still be counted, but all other requests would be lost.
    @Test
    void endsWhenHelidonTakesNoConnectionsAnyMore() {
        try (var ingest = RunningIngest.start(folder)) {
            Acceptors.closeNewest();
            Await.until(
                    "it is not alive",
                    () -> Exposition.get(ingest.adminPort(), "/livez").statusCode() == 503);
            assertThat(Exposition.get(ingest.adminPort(), "/livez").body())
                    .startsWith("{\"alive\":false,\"problem\":\"Nothing listens at the socket ");
            Lifetime.End end = ingest.lifetime().await();
            assertThat(end.code()).isEqualTo(ExitCode.UNEXPECTED);
            assertThat(end.reason()).startsWith("The process must start again: Nothing listens at the socket ");
        }
    }

    @Test
    void isNotReadyWhileTheDiskIsTooFull() {
        try (var ingest = RunningIngest.start(folder, "LOG_MIN_FREE", "1024TiB")) {
            HttpResponse<String> ready = Exposition.get(ingest.adminPort(), "/readyz");
            assertThat(ready.statusCode()).isEqualTo(503);
            assertThat(ready.body()).isEqualTo("""
                    {"ready":false,"checks":{"running":{"ok":true},"log":{"ok":true},\
                    "disk":{"ok":false,"problem":"There is too little free space for the click log."},"port":{"ok":true}}}""");
            Exposition metrics = Exposition.of(ingest.adminPort());
            assertThat(metrics.value("clickcounter_ready{check=\"disk\"}")).isZero();
            assertThat(metrics.value("clickcounter_ready{check=\"log\"}")).isOne();
        }
    }

    @Test
    void countsWhatBecameOfEachRequestInMetricsThatAreDocumented() throws IOException {
        try (var ingest = RunningIngest.start(folder);
                var connection = ingest.connect()) {
            for (String request : new String[] {
                "GET /v1/banners/counter/1",
                "GET /v1/banners/counter/2",
                "GET /v1/banners/counter/none",
                "DELETE /v1/banners/counter/1",
                "GET /v1/healthcheck"
            }) {
                connection.request(request).answer();
            }
            connection.request("HEAD /v1/banners/counter/1").answerWithoutBody();
            connection.send("nonsense\r\n\r\n");
            assertThat(connection.answer().status()).isEqualTo(400);

            Exposition metrics = Exposition.of(ingest.adminPort());
            assertThat(metrics.value("clickcounter_clicks_acknowledged_total")).isEqualTo(2);
            assertThat(metrics.value("clickcounter_clicks_appended_total")).isEqualTo(2);
            assertThat(metrics.value("clickcounter_clicks_refused_total{reason=\"disk_full\"}"))
                    .isZero();
            assertThat(answers(metrics, 204)).isEqualTo(3);
            assertThat(answers(metrics, 400)).isEqualTo(1);
            assertThat(answers(metrics, 405)).isEqualTo(1);
            assertThat(answers(metrics, 200)).isEqualTo(1);
            assertThat(metrics.value("clickcounter_http_unreadable_requests_total{status=\"400\"}"))
                    .isOne();
            assertThat(metrics.value("clickcounter_http_request_duration_seconds_sum{status=\"204\"}"))
                    .isPositive();
            assertThat(metrics.ownFamilies()).isEqualTo(MetricsDocument.metricsOf("ingest"));
        }
    }

    @Test
    void countsAcknowledgedClicksOfAllConnections() {
        try (var ingest = RunningIngest.start(folder)) {
            try (var kept = ingest.connect()) {
                assertThat(kept.click(1)).isEqualTo(204);
                assertThat(kept.click(1)).isEqualTo(204);
            }
            try (var closing = ingest.connect()) {
                closing.request("GET /v1/banners/counter/1", "Connection: close");
                assertThat(closing.answer().status()).isEqualTo(204);
            }
            try (var chunked = ingest.connect()) {
                chunked.request("POST /v1/banners/counter/1", "Transfer-Encoding: chunked")
                        .send("0\r\n\r\n");
                assertThat(chunked.answer().status()).isEqualTo(204);
            }
            try (var old = ingest.connect()) {
                assertThat(old.send("GET /v1/banners/counter/1 HTTP/1.0\r\n\r\n")
                                .answer()
                                .status())
                        .isEqualTo(204);
            }
            awaitAcknowledged(ingest, 5);
        }
    }

    /// A click is counted as acknowledged after its answer was sent.
    private static void awaitAcknowledged(RunningIngest ingest, int clicks) {
        Await.until(
                "%d clicks are acknowledged".formatted(clicks),
                () -> Exposition.of(ingest.adminPort()).value("clickcounter_clicks_acknowledged_total") == clicks);
    }

    private static double answers(Exposition metrics, int status) {
        return metrics.value("clickcounter_http_request_duration_seconds_count{status=\"%d\"}".formatted(status));
    }

    @Test
    void countsRefusedClicksByTheirReason() {
        try (var ingest = RunningIngest.start(folder, "LOG_MIN_FREE", "1024TiB");
                var connection = ingest.connect()) {
            assertThat(connection.click(1)).isEqualTo(503);
            Exposition metrics = Exposition.of(ingest.adminPort());
            assertThat(metrics.value("clickcounter_clicks_refused_total{reason=\"disk_full\"}"))
                    .isOne();
            assertThat(metrics.value("clickcounter_clicks_acknowledged_total")).isZero();
            assertThat(answers(metrics, 503)).isOne();
        }
    }

    @Test
    void showsTheProcessItself() {
        try (var ingest = RunningIngest.start(folder)) {
            assertThat(Exposition.of(ingest.adminPort()).families())
                    .contains(
                            "clickcounter_build_info",
                            "clickcounter_ready",
                            "jvm_gc_collection_seconds",
                            "jvm_memory_used_bytes",
                            "jvm_runtime_info",
                            "jvm_threads_current",
                            "process_cpu_seconds_total",
                            "process_open_fds",
                            "process_resident_memory_bytes",
                            "process_start_time_seconds");
        }
    }

    @Test
    void saysWhatThereIsWhereThereIsNothing() {
        try (var ingest = RunningIngest.start(folder)) {
            HttpResponse<String> answer = Exposition.get(ingest.adminPort(), "/");
            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(answer.body())
                    .contains("There is nothing at \\\"/\\\"; there are GET /livez, /readyz and /metrics.");
        }
    }

    @Test
    void saysThatItsAdminPortIsTaken() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            IngestSettings settings = RunningIngest.settings(folder, "INGEST_ADMIN_PORT", taken.getLocalPort());
            assertThatThrownBy(() -> Ingest.start(settings, new Lifetime()))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("Cannot listen on port %d of 127.0.0.1", taken.getLocalPort())
                    .hasMessageEndingWith("or set INGEST_ADMIN_PORT to another port.");
        }
    }

    @Test
    void numbersTheAdminPortsOfSeveralProcesses() {
        var settings = RunningIngest.reader(folder, "INGEST_ADMIN_PORT", 3010, "INGEST_PROCESSES", 3);

        assertThat(IngestSettings.read(settings, 1).admin().port()).isEqualTo(3010);
        assertThat(IngestSettings.read(settings, 3).admin().port()).isEqualTo(3030);
    }

    @Test
    void isNotReadyButServesWhileItDrainsAndRefusesAfterwards() throws Exception {
        try (var stopper = Executors.newSingleThreadExecutor();
                var ingest = RunningIngest.start(folder, "SERVICE_DRAIN_DELAY", "3s");
                var early = ingest.connect();
                var late = ingest.connect()) {
            assertThat(early.click(1)).isEqualTo(204);
            assertThat(late.click(2)).isEqualTo(204);
            var stopping = new CountDownLatch(1);
            Future<?> stopped = stopper.submit(() -> {
                stopping.countDown();
                ingest.stop();
            });
            stopping.await();
            while (Exposition.get(ingest.adminPort(), "/readyz").statusCode() == 200) {
                Thread.onSpinWait();
            }
            assertThat(Exposition.get(ingest.adminPort(), "/readyz").body())
                    .contains("\"running\":{\"ok\":false,\"problem\":\"The process is stopping.\"}");

            var served = early.request("GET /v1/banners/counter/3").answer();
            assertThat(served.status()).isEqualTo(204);
            assertThat(served.header("connection")).isEqualTo("close");
            assertThat(early.isClosedByServer()).isTrue();
            awaitAcknowledged(ingest, 3);

            var refused = ask(ingest);
            while (refused.status() == 204) {
                refused = ask(ingest);
            }
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.header("retry-after")).isEqualTo("1");
            assertThat(refused.body()).contains("The server is stopping. The request was not carried out.");
            assertThat(late.click(4)).isEqualTo(503);
            assertThat(late.isClosedByServer()).isTrue();
            stopped.get();
            assertThat(ingest.newClicks()).contains(1L, 2L, 3L).doesNotContain(4L);
        }
    }

    private static HttpConnection.Answer ask(RunningIngest ingest) {
        try (var connection = ingest.connect()) {
            return connection.request("GET /v1/banners/counter/5").answer();
        }
    }
}
