package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.ingest.HttpConnection.Answer;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.StopFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ingest starts and stops, obeys its limits, and survives a log that cannot be written.
@Timeout(60)
class IngestTest {
    private static final Duration AT_ONCE = Duration.ofSeconds(5);

    private final Path folder;

    IngestTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void hasDefaults() {
        IngestSettings settings = IngestSettings.read(new SettingsReader(Map.of()));

        assertThat(settings.http().address()).isEqualTo("0.0.0.0");
        assertThat(settings.http().port()).isEqualTo(3000);
        assertThat(settings.http().maxBodyBytes()).isEqualTo(64 * 1024);
        assertThat(settings.http().maxConnections()).isBetween(1, 10_000);
        assertThat(settings.http().shutdownGrace()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.query()).isEqualTo(URI.create("http://127.0.0.1:3001"));
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, http://127.0.0.1:3001",
        "::, http://[::1]:3001",
        "::1, http://[::1]:3001",
        "10.1.2.3, http://10.1.2.3:3001",
        "query.internal, http://query.internal:3001"
    })
    void reachesQueryWhereItListens(String address, URI query) {
        assertThat(IngestSettings.read(new SettingsReader(Map.of("QUERY_ADDRESS", address)))
                        .query())
                .isEqualTo(query);
    }

    @Test
    void reportsAllWrongSettingsAtOnce() {
        assertThatThrownBy(() -> IngestSettings.read(new SettingsReader(Map.of(
                        "SERVICE_PORT", "http",
                        "SERVICE_MAX_BODY", "2GiB",
                        "SERVICE_MAX_CONNECTIONS", "0",
                        "SERVICE_SHUTDOWN_GRACE", "1h",
                        "LOG_MIN_FREE", "lots",
                        "QUERY_PORT", "-1"))))
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith("6 settings are wrong:")
                .hasMessageContainingAll(
                        "SERVICE_PORT: \"http\" is not a whole number from 0 to 65535.",
                        "SERVICE_MAX_BODY: \"2GiB\" is not a size from 0 to 1073741824 bytes, such as 64KiB or 2GiB.",
                        "SERVICE_MAX_CONNECTIONS: \"0\" is not a whole number from 1 to 1000000.",
                        "SERVICE_SHUTDOWN_GRACE: \"1h\" is not a duration from 0s to 5m,",
                        "LOG_MIN_FREE: \"lots\" is not a size from 0 to",
                        "QUERY_PORT: \"-1\" is not a whole number from 0 to 65535.");
    }

    @Test
    void saysThatItsPortIsTakenAndLeavesNothingOpen() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var console = ConsoleOutput.capture()) {
            IngestSettings settings = RunningIngest.settings(folder, "SERVICE_PORT", taken.getLocalPort());
            List<String> threads = threadNames();

            assertThatThrownBy(() -> Ingest.start(settings, new Lifetime()))
                    .isInstanceOf(StartFailure.class)
                    .hasMessage(
                            "Cannot listen on port %d of 127.0.0.1: it is in use or not permitted. Stop what uses it,"
                                    + " or set SERVICE_PORT to another port.",
                            taken.getLocalPort());

            assertThat(console.newText()).doesNotContain("\tat ");
            // Helidon does not wait for its last thread.
            Await.until("no new thread is left", () -> threads.containsAll(threadNames()));
        }
        try (var ingest = RunningIngest.start(folder)) {
            assertThat(ingest.port()).isPositive();
        }
    }

    @Test
    void saysThatItsAddressIsNotOneOfThisMachine() {
        IngestSettings settings = RunningIngest.settings(folder, "SERVICE_ADDRESS", "192.0.2.1");

        assertThatThrownBy(() -> Ingest.start(settings, new Lifetime()))
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith("Cannot listen on port 0 of 192.0.2.1");
    }

    @Test
    void doesNotStartWithADamagedLog() throws IOException {
        Path logFolder = Files.createDirectories(folder.resolve("log"));
        Files.writeString(logFolder.resolve("log.id"), "damaged");

        assertThatThrownBy(() -> RunningIngest.start(folder))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("does not contain a UUID");
    }

    @Test
    void answers503AndCountsNothingWhileTheLogCannotBeWritten() {
        try (var console = ConsoleOutput.capture();
                var ingest = RunningIngest.start(folder, "LOG_MIN_FREE", "1024TiB");
                var connection = ingest.connect()) {
            for (String method : new String[] {"GET", "POST"}) {
                Answer answer =
                        connection.request(method + " /v1/banners/counter/42").answer();
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.isProblem()).isTrue();
                assertThat(answer.header("retry-after")).isEqualTo("1");
                assertThat(answer.header("cache-control")).isEqualTo("no-store");
                assertThat(answer.detail())
                        .isEqualTo("There is too little free space for the click log. The click was not counted.");
            }
            assertThat(connection.request("GET /v1/healthcheck").answer().status())
                    .isEqualTo(200);
            assertThat(ingest.newClicks()).isEmpty();

            ingest.stop();
            assertThat(console.newText())
                    .contains("ERROR clicks are refused: ", "LOG_MIN_FREE is 1,073,741,824 MiB")
                    .contains(
                            "WARN  2 clicks were answered 503 since the last such line: There is too little free space")
                    .doesNotContain("\tat ");
        }
    }

    /// After a refusal a proxy would send the click again, and it would count twice.
    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"})
    void leavesAClickUnansweredThatIsInTheLogAndMayNotBeOnDisk(String restOfRequest) throws IOException {
        RunningIngest ingest = RunningIngest.start(folder, "LOG_SYNC", "commit");
        try (var connection = ingest.connect()) {
            assertThat(connection.click(1)).isEqualTo(204);
            // A file of the log that cannot be forced, because it is none.
            Files.createDirectory(newestFileOfTheLog().resolveSibling("20991231-2350X.cq4"));

            connection.send("POST /v1/banners/counter/2 HTTP/1.1\r\nHost: a\r\n" + restOfRequest);
            assertThat(connection.rest()).isEmpty();
            assertThat(ingest.newClicks()).contains(2L);
        }
        assertThatThrownBy(ingest::close)
                .isInstanceOf(StopFailure.class)
                .extracting(failure -> ((StopFailure) failure).code())
                .isEqualTo(ExitCode.LOG_FAULT);
    }

    private Path newestFileOfTheLog() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("log"))) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    @Test
    void keepsItsClicksWhenItIsStoppedAndStartedAgain() {
        for (long bannerId = 1; bannerId <= 3; bannerId++) {
            try (var ingest = RunningIngest.start(folder);
                    var connection = ingest.connect()) {
                assertThat(connection.click(bannerId)).isEqualTo(204);
            }
        }
        var bannerIds = new ArrayList<Long>();
        try (var reader = ClickReader.open(folder.resolve("log"))) {
            reader.read(10, (_, bannerId, _) -> bannerIds.add(bannerId));
        }
        assertThat(bannerIds).containsExactly(1L, 2L, 3L);
    }

    @Test
    void letsARunningRequestFinishAndTakesNoOther() throws Exception {
        var asked = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        HttpServer query = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        query.createContext("/", exchange -> {
            asked.countDown();
            try {
                goOn.await();
            } catch (InterruptedException interrupted) {
                throw new IOException(interrupted);
            }
            exchange.sendResponseHeaders(200, 4);
            exchange.getResponseBody().write("done".getBytes(UTF_8));
            exchange.close();
        });
        query.start();

        try (var ingest = RunningIngest.start(
                        folder, "QUERY_PORT", query.getAddress().getPort());
                var idle = ingest.connect();
                var slow = ingest.connect().request("GET /v1/slow");
                var click = ingest.connect().request("POST /v1/banners/counter/42", "Content-Length: 5")) {
            assertThat(idle.request("GET /v1/healthcheck").answer().status()).isEqualTo(200);
            click.send("hel");
            asked.await();

            var stopping = CompletableFuture.runAsync(ingest::stop);
            assertThat(idle.isClosedByServer()).isTrue();
            awaitRefusal(ingest);
            assertThat(stopping).isNotDone();

            assertThat(click.send("lo").answer().status()).isEqualTo(204);
            goOn.countDown();
            assertThat(slow.answer().body()).isEqualTo("done");
            stopping.join();
            assertThat(ingest.newClicks()).containsExactly(42L);
        } finally {
            goOn.countDown();
            query.stop(0);
        }
    }

    /// Waits until the port is closed, which happens at about the same time as the idle connections are closed.
    private static void awaitRefusal(RunningIngest ingest) {
        while (true) {
            try {
                ingest.connect().close();
            } catch (UncheckedIOException failure) {
                assertThat(failure).hasCauseInstanceOf(ConnectException.class);
                return;
            }
        }
    }

    @Test
    void cutsARequestOffThatTakesLongerThanTheGrace() {
        try (var ingest = RunningIngest.start(folder, "SERVICE_SHUTDOWN_GRACE", "100ms");
                var stalled = ingest.connect()) {
            stalled.request("POST /v1/banners/counter/42", "Content-Length: 5", "Expect: 100-continue");
            assertThat(stalled.answer().status()).isEqualTo(100);
            stalled.send("hel");

            assertThat(timeOf(ingest::stop)).isLessThan(AT_ONCE);
            assertThat(stalled.isClosedByServer()).isTrue();
            assertThat(ingest.newClicks()).isEmpty();
        }
    }

    @Test
    void countsWhileManyConnectionsAreIdleAndDoesNotWaitForThemWhenItStops() {
        int idleConnections = 2_000;
        List<HttpConnection> idle = new ArrayList<>();
        try (var ingest = RunningIngest.start(folder)) {
            for (int number = 0; number < idleConnections; number++) {
                var connection = ingest.connect();
                idle.add(connection);
                if (number % 2 == 0) {
                    assertThat(connection
                                    .request("HEAD /v1/banners/counter/1")
                                    .answerWithoutBody()
                                    .status())
                            .isEqualTo(204);
                }
            }
            try (var connection = ingest.connect()) {
                for (int click = 1; click <= 1_000; click++) {
                    assertThat(connection.click(click)).isEqualTo(204);
                }
            }
            assertThat(ingest.newClicks()).hasSize(1_000);

            assertThat(timeOf(ingest::stop)).isLessThan(AT_ONCE);
            assertThat(idle).allMatch(HttpConnection::isClosedByServer);
        } finally {
            idle.forEach(HttpConnection::close);
        }
    }

    @Test
    void closesTheConnectionThatHasBeenIdleLongestWhenThereAreTooMany() {
        try (var ingest = RunningIngest.start(folder, "SERVICE_MAX_CONNECTIONS", "2", "INGEST_THREADS", 1);
                var first = ingest.connect();
                var second = ingest.connect()) {
            assertIsCounted(first.request("GET /v1/banners/counter/1").answer());
            assertIsCounted(second.request("GET /v1/banners/counter/2").answer());
            assertIsCounted(first.request("GET /v1/banners/counter/3").answer());
            try (var third = ingest.connect()) {
                assertIsCounted(third.request("GET /v1/banners/counter/4").answer());
                assertThat(second.isClosedByServer()).isTrue();
                assertIsCounted(first.request("GET /v1/banners/counter/5").answer());
            }
            assertThat(ingest.newClicks()).containsExactly(1L, 2L, 3L, 4L, 5L);
        }
    }

    /// A client that has its answer but does not close its connection keeps it for a moment only, and none for others.
    @Test
    void closesAnsweredConnectionsFirstWhenTooManyAreRelayed() throws IOException {
        List<HttpConnection> answered = new ArrayList<>();
        try (var ingest = RunningIngest.start(folder, "SERVICE_MAX_CONNECTIONS", "2", "INGEST_THREADS", 1)) {
            for (int number = 0; number < 20; number++) {
                answered.add(ingest.connect());
                Answer answer = answered.getLast()
                        .request("PUT /v1/banners/counter/1", "Connection: close")
                        .answer();
                assertThat(answer.status()).isEqualTo(405);
            }
            assertThat(Exposition.of(ingest.adminPort()).value("clickcounter_connections"))
                    .isLessThanOrEqualTo(2 + 2);
        } finally {
            answered.forEach(HttpConnection::close);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /v1/banners/counter/1 HTTP/1.1\r\nHost: a",
                "GET /v1/other HTTP/1.1\r\nHost: a",
                "POST /v1/banners/counter/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"
            })
    void closesAConnectionWhoseRequestTakesTooLongToArrive(String unfinished) {
        try (var ingest = RunningIngest.start(folder, "SERVICE_RECEIVE_TIMEOUT", "1s");
                var slow = ingest.connect().send(unfinished);
                var quick = ingest.connect()) {
            assertThat(slow.isClosedByServer()).isTrue();
            assertThat(quick.click(1)).isEqualTo(204);
            assertThat(ingest.newClicks()).containsExactly(1L);
        }
    }

    private static void assertIsCounted(Answer answer) {
        assertThat(answer.status()).isEqualTo(204);
    }

    private static Duration timeOf(Runnable action) {
        long startNs = System.nanoTime();
        action.run();
        return Duration.ofNanos(System.nanoTime() - startNs);
    }

    private static List<String> threadNames() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).toList();
    }
}
