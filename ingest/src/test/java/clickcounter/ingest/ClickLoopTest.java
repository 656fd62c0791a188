package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// One thread answers many connections, and several such threads run side by side.
@Timeout(60)
class ClickLoopTest {
    private static final String CLICK = "GET /v1/banners/counter/%d HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final int CONNECTIONS = 40;

    @TempDir
    private Path folder;

    @ParameterizedTest(name = "{0} threads, LOG_SYNC={1}")
    @CsvSource({"1, 1s", "3, 1s", "1, commit", "3, commit"})
    void answersTheClicksOfAllConnections(int threads, String sync) {
        try (var ingest = RunningIngest.start(folder, "INGEST_THREADS", threads, "LOG_SYNC", sync)) {
            List<HttpConnection> connections = new ArrayList<>();
            for (int number = 0; number < CONNECTIONS; number++) {
                connections.add(ingest.connect());
            }
            // Each connection sends two clicks at a time, and the next two when these are answered.
            for (int round = 0; round < 2; round++) {
                for (int number = 0; number < CONNECTIONS; number++) {
                    long bannerId = 1 + 4L * number + 2L * round;
                    connections.get(number).send(CLICK.formatted(bannerId) + CLICK.formatted(bannerId + 1));
                }
                for (HttpConnection connection : connections) {
                    assertThat(connection.answer().status()).isEqualTo(204);
                    assertThat(connection.answer().status()).isEqualTo(204);
                }
            }
            connections.forEach(HttpConnection::close);

            assertThat(ingest.newClicks())
                    .containsExactlyInAnyOrderElementsOf(
                            LongStream.rangeClosed(1, 4L * CONNECTIONS).boxed().toList());
        }
    }

    /// The client's answers fill all buffers, but the thread that answers all clients must not wait for it. The
    /// client sends at most what the server reads at once: Helidon would answer a click that arrives in parts.
    @Test
    void aClientThatSendsAndDoesNotReadHoldsUpNobodyAndGetsAllItsAnswers() throws IOException {
        int batch = 100;
        int maxBatches = 2_000; // answers of 18 MB, more than all buffers take
        byte[] clicks = CLICK.formatted(1).repeat(batch).getBytes(US_ASCII);
        try (var ingest = RunningIngest.start(folder, "INGEST_THREADS", 1);
                var greedy = new Socket();
                var other = ingest.connect()) {
            greedy.setReceiveBufferSize(4_096);
            greedy.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), ingest.port()));
            int sent = 0;
            int counted = 0;
            while (counted == sent) {
                assertThat(sent).as("clicks without a stop").isLessThan(batch * maxBatches);
                greedy.getOutputStream().write(clicks);
                sent += batch;
                // Once the other client has been answered this often, the greedy one is no longer answered.
                for (int round = 0; counted < sent && round < 200; round++) {
                    assertThat(other.click(2)).isEqualTo(204);
                    counted += clicksOfBannerOne(ingest);
                }
            }

            greedy.setSoTimeout(10_000);
            var answers = new BufferedReader(new InputStreamReader(greedy.getInputStream(), US_ASCII));
            for (int click = 0; click < sent; click++) {
                assertThat(answers.readLine()).isEqualTo("HTTP/1.1 204 No Content");
                while (!answers.readLine().isEmpty()) {
                    // Skips the other lines of the head.
                }
            }
            assertThat(counted + clicksOfBannerOne(ingest)).isEqualTo(sent);
        }
    }

    private static int clicksOfBannerOne(RunningIngest ingest) {
        return (int)
                ingest.newClicks().stream().filter(bannerId -> bannerId == 1).count();
    }

    @Test
    void letsAConnectionGoThatItsClientHasLeft() {
        try (var ingest = RunningIngest.start(folder, "SERVICE_MAX_CONNECTIONS", 1)) {
            for (long bannerId = 1; bannerId <= 20; bannerId++) {
                // There is room for one connection, so the next is accepted only after this one has ended.
                try (HttpConnection connection = ingest.connect()) {
                    assertThat(connection.click(bannerId)).isEqualTo(204);
                }
            }
            assertThat(ingest.newClicks()).hasSize(20);
        }
    }
}
