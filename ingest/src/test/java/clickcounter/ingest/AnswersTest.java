package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class AnswersTest {
    private final Answers answers = new Answers();

    @Test
    void announcesTheBodyOfARefusalAndSendsItUnlessTheRequestIsAHead() {
        var origin = new Origin();
        origin.set(ByteBuffer.wrap("https://a.example".getBytes(US_ASCII)), 0, 17);
        String whole = text(out -> answers.refused(out, "The log is busy.", false, origin, true));
        String head = text(out -> answers.refused(out, "The log is busy.", true, origin, true));

        assertThat(whole)
                .startsWith("HTTP/1.1 503 Service Unavailable\r\n")
                .contains(
                        "Retry-After: 1\r\n",
                        "Access-Control-Allow-Origin: https://a.example\r\n",
                        "Connection: close\r\n")
                .endsWith("\"detail\":\"The log is busy.\"}");
        String body = whole.substring(whole.indexOf("\r\n\r\n") + 4);
        assertThat(whole).contains("Content-Length: " + body.length() + "\r\n");
        assertThat(head + body).isEqualTo(whole);
    }

    @Test
    void announcesTheBodyOfTheHealthCheckAndSendsItUnlessTheRequestIsAHead() {
        String whole = text(out -> answers.healthy(out, false, false));
        String head = text(out -> answers.healthy(out, true, false));

        assertThat(whole).startsWith("HTTP/1.1 200 OK\r\n").endsWith("{\"status\":\"ok\"}");
        assertThat(head + "{\"status\":\"ok\"}").isEqualTo(whole);
    }

    private static String text(Consumer<ByteBuffer> answer) {
        ByteBuffer out = ByteBuffer.allocate(Answers.MAX_BYTES);
        answer.accept(out);
        return new String(out.array(), 0, out.position(), US_ASCII);
    }
}
