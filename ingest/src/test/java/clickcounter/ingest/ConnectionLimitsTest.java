package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What all strangers together may take of ingest.
@Timeout(60)
class ConnectionLimitsTest {
    private static final Duration LONG = Duration.ofSeconds(75);
    private static final long MUCH = 1L << 30;
    private static final int MAX_BODY_BYTES = 8_000;
    private static final int MAX_CONNECTIONS = 20;
    private static final ConnectionLimits DEFAULT_LIMITS = ConnectionLimits.DEFAULT;

    @TempDir
    private Path folder;

    /// A flood of long, unfinished heads must not shut out a client whose head arrives in two pieces.
    @Test
    void closesTheOldestUnfinishedHeadIfAllAreTooLong() {
        String head = "GET /v1/banners/counter/1 HTTP/1.1\r\nHost: a\r\nX: " + "x".repeat(12_000);
        try (var ingest = start(new ConnectionLimits(LONG, 20_000, MUCH, MUCH));
                var first = ingest.connect().send(head);
                var other = ingest.connect()) {
            assertThat(other.click(2)).isEqualTo(204); // now the first head has been read
            try (var second = ingest.connect().send(head)) {
                assertThat(first.isClosedByServer()).isTrue();
                assertThat(second.send("\r\n\r\n").answer().status()).isEqualTo(204);
            }
            assertThat(ingest.newClicks()).containsExactly(2L, 1L);
        }
    }

    /// A flood of unfinished requests must not shut out new clients.
    @Test
    void closesTheOldestUnfinishedHeadIfThereAreTooManyConnections() {
        try (var ingest = RunningIngest.start(
                folder, DEFAULT_LIMITS, "INGEST_THREADS", 1, "SERVICE_MAX_CONNECTIONS", MAX_CONNECTIONS)) {
            List<HttpConnection> stalled = new ArrayList<>();
            for (int number = 1; number < MAX_CONNECTIONS; number++) {
                stalled.add(ingest.connect().send("GET /v1/banners/counter/1 HTTP/1.1\r\nX: "));
            }
            try (var first = ingest.connect()) {
                assertThat(first.click(2)).isEqualTo(204);
                assertThat(first.click(2)).isEqualTo(204); // now it is younger than all those heads
                for (int number = 2; number < MAX_CONNECTIONS; number++) {
                    try (var next = ingest.connect()) {
                        assertThat(next.click(2)).isEqualTo(204);
                    }
                }
                assertThat(first.click(2)).isEqualTo(204);
                assertThat(stalled.getFirst().isClosedByServer()).isTrue();
            }
            stalled.forEach(HttpConnection::close);
        }
    }

    @Test
    void closesARelayedConnectionThatStillSendsToOneRequestWhenItsTimeIsOver() {
        try (var ingest = RunningIngest.start(folder, DEFAULT_LIMITS, "SERVICE_RECEIVE_TIMEOUT", "1s");
                var trickling = ingest.connect()) {
            trickling.send("POST /v1/banners/counter/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            Await.until("the connection is closed", () -> isClosed(trickling));
            assertThat(ingest.newClicks()).isEmpty();
        }
    }

    @Test
    void closesAConnectionWithWhichTooManyBytesWaitToBeRelayed() {
        try (var ingest = start(new ConnectionLimits(LONG, MUCH, 1_000, MUCH));
                var large = ingest.connect().request("GET /v1/other", "X: " + "x".repeat(1_000));
                var small = ingest.connect().request("GET /v1/other")) {
            assertThat(large.isClosedByServer()).isTrue();
            assertThat(small.answer().status()).isEqualTo(503); // nobody is there to ask
        }
    }

    @Test
    void closesAConnectionWhoseClientTakesNoAnswers() throws IOException {
        byte[] clicks = "GET /v1/banners/counter/1 HTTP/1.1\r\nHost: a\r\n\r\n"
                .repeat(100)
                .getBytes(US_ASCII);
        try (var ingest = start(new ConnectionLimits(LONG, 1_000, MUCH, MUCH));
                var greedy = new Socket();
                var other = ingest.connect()) {
            greedy.setReceiveBufferSize(4_096);
            greedy.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), ingest.port()));
            assertThatThrownBy(() -> {
                        while (true) {
                            greedy.getOutputStream().write(clicks);
                        }
                    })
                    .isInstanceOf(IOException.class);
            assertThat(other.click(2)).isEqualTo(204);
        }
    }

    @Test
    void closesTheRelayedConnectionThatHasSentMostIfAllHaveSentTooMuch() {
        String head =
                "POST /v1/banners/stats/1 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n".formatted(MAX_BODY_BYTES);
        int missing = 400;
        try (var ingest = start(new ConnectionLimits(LONG, MUCH, MUCH, 4L * MAX_BODY_BYTES));
                var largest = ingest.connect().send(head + " ".repeat(MAX_BODY_BYTES - 1))) {
            List<HttpConnection> others = new ArrayList<>();
            for (int number = 0; number < 4; number++) {
                others.add(ingest.connect().send(head + " ".repeat(MAX_BODY_BYTES - missing)));
            }
            assertThat(largest.isClosedByServer()).isTrue();
            for (HttpConnection other : others) {
                // Nobody is there to ask.
                assertThat(other.send(" ".repeat(missing)).answer().status()).isEqualTo(503);
                other.close();
            }
        }
    }

    @Test
    void closesRelayedAndOtherConnectionsThatAreIdle() {
        try (var ingest = start(new ConnectionLimits(Duration.ofMillis(1), MUCH, MUCH, MUCH));
                var relayed = ingest.connect();
                var clicking = ingest.connect()) {
            assertThat(relayed.request("GET /v1/banners/stats/1").answer().status())
                    .isEqualTo(503);
            assertThat(clicking.click(1)).isEqualTo(204);
            assertThat(relayed.isClosedByServer()).isTrue();
            assertThat(clicking.isClosedByServer()).isTrue();
        }
    }

    private static boolean isClosed(HttpConnection trickling) {
        try {
            trickling.send("1\r\nx\r\n");
            return false;
        } catch (UncheckedIOException closed) {
            return true;
        }
    }

    private RunningIngest start(ConnectionLimits limits) {
        return RunningIngest.start(folder, limits, "INGEST_THREADS", 1, "SERVICE_MAX_BODY", MAX_BODY_BYTES);
    }
}
