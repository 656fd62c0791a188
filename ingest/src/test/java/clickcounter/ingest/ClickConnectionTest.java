package clickcounter.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.ingest.HttpConnection.Answer;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A connection that changes from plain clicks to other requests.
@Timeout(60)
class ClickConnectionTest {
    private static final String CLICK = "GET /v1/banners/counter/%d HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private final RunningIngest ingest;
    private final HttpConnection connection;

    ClickConnectionTest(@TempDir Path folder) {
        ingest = RunningIngest.start(folder);
        connection = ingest.connect();
    }

    @AfterEach
    void close() {
        connection.close();
        ingest.close();
    }

    @Test
    void answersAPlainClickWithThreeLines() {
        String answer = connection.send(CLICK.formatted(1)).headers();

        assertThat(answer)
                .matches(
                        "HTTP/1.1 204 No Content\r\nDate: [A-Z][a-z]{2}, [^\r]{16,} GMT\r\nCache-Control: no-store\r\n\r\n");
    }

    @Test
    void answersPipelinedClicksInTheirOrder() {
        connection.send(CLICK.formatted(1) + CLICK.formatted(2) + CLICK.formatted(0) + CLICK.formatted(3));

        assertThat(connection.answer().status()).isEqualTo(204);
        assertThat(connection.answer().status()).isEqualTo(204);
        assertThat(connection.answer().status()).isEqualTo(400);
        assertThat(connection.answer().status()).isEqualTo(204);
        assertThat(ingest.newClicks()).containsExactly(1L, 2L, 3L);
    }

    @Test
    void goesOnAfterARequestThatIsNoPlainClick() {
        for (long bannerId = 1; bannerId <= 3; bannerId++) {
            assertThat(connection.click(bannerId)).isEqualTo(204);
        }
        assertThat(connection.request("GET /v1/healthcheck").answer().status()).isEqualTo(200);
        assertThat(connection
                        .request("POST /v1/banners/counter/4", "Content-Length: 0")
                        .answer()
                        .status())
                .isEqualTo(204);
        assertThat(connection.click(5)).isEqualTo(204);

        assertThat(ingest.newClicks())
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 5).boxed().toList());
    }

    @Test
    void answersAClickThatArrivesInPieces() {
        String click = CLICK.formatted(7);
        assertThat(connection.click(6)).isEqualTo(204);
        for (int at = 0; at < click.length(); at++) {
            connection.send(click.substring(at, at + 1));
        }
        assertThat(connection.answer().status()).isEqualTo(204);

        assertThat(ingest.newClicks()).containsExactly(6L, 7L);
    }

    @Test
    void closesWhenItIsAskedTo() {
        assertThat(connection.click(1)).isEqualTo(204);
        Answer last = connection
                .request("GET /v1/banners/counter/2", "Connection: close")
                .answer();

        assertThat(last.header("connection")).isEqualTo("close");
        assertThat(connection.isClosedByServer()).isTrue();
        assertThat(ingest.newClicks()).containsExactly(1L, 2L);
    }

    @Test
    void closesIdleConnectionsAtOnceWhenTheServerStops() {
        assertThat(connection.click(1)).isEqualTo(204);

        ingest.stop();

        assertThat(connection.isClosedByServer()).isTrue();
    }
}
