package clickcounter.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.ingest.HttpConnection.Answer;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Requests that are not valid HTTP/1.1 and connections that break count no click, do not affect the next
/// request, and are not worth a line in the log.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class ProtocolErrorTest {
    private static final String HOST = "Host: localhost\r\n";

    private final ConsoleOutput console = ConsoleOutput.capture();
    private final RunningIngest ingest;

    ProtocolErrorTest(@TempDir Path folder) {
        ingest = RunningIngest.start(folder, "SERVICE_MAX_BODY", "1KiB", "QUERY_PORT", 1);
        console.newText(); // what ingest logs when it starts
    }

    @AfterEach
    void goesOnServingAndPrintsNothing() {
        try (var connection = ingest.connect()) {
            Answer answer = connection.request("GET /v1/banners/counter/42").answer();
            assertThat(answer.status()).isEqualTo(204);
        }
        assertThat(ingest.newClicks()).containsExactly(42L);
        assertThat(console.newText()).isEmpty();
        assertThat(ingest.lifetime().hasEnded()).isFalse();
    }

    @AfterAll
    void stop() {
        ingest.close();
        console.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\r\n",
                "hello\r\n\r\n",
                "GET\r\n\r\n",
                "GET /v1/banners/counter/1\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/2.0\r\n" + HOST + "\r\n",
                "GET /v1/banners/counter/1 HTTP/1.2\r\n" + HOST + "\r\n",
                "GET /v1/banners/counter/1 http/1.1\r\n" + HOST + "\r\n",
                "GET  /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/banners/counter/1  HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1 \r\n" + HOST + "\r\n",
                " GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "\r\n",
                "G@T /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/banners/counter/1\0 HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/banners/counter/%zz HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/banners/counter/% HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/%zz HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/%f HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/\"x\" HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/<x> HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/a|b HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/a\\b HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/[a] HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/{a} HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/x?a=\"b\" HTTP/1.1\r\n" + HOST + "\r\n",
                "GET /v1/x?a=%zz HTTP/1.1\r\n" + HOST + "\r\n",
                "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            })
    void refusesAFirstLineThatIsNone(String request) {
        assertIsProblem(request, 400);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /v1/banners/counter/1 HTTP/1.1\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\nHost:\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\nHost: a b\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\nHost: a:port\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "no colon\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "a b: x\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "a : x\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "a: x\0y\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "a\0: x\r\n\r\n",
                "GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "a: x\r\n folded\r\n\r\n"
            })
    void refusesHeadersThatAreNone(String request) {
        assertIsProblem(request, 400);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: x\r\n\r\n",
                "Content-Length: -1\r\n\r\n",
                "Content-Length: 1.5\r\n\r\nx",
                "Content-Length:\r\n\r\n",
                "Content-Length: 99999999999999999999\r\n\r\n",
                "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                "Content-Length: 1, 2\r\n\r\nxx",
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: gzip\r\n\r\n",
                "Transfer-Encoding:\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n80000000\r\nhello\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n0\r\nnot the end\r\n\r\n"
            })
    void refusesABodyWhoseEndIsUnknown(String headersAndBody) {
        assertIsProblem("POST /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + headersAndBody, 400);
    }

    @ParameterizedTest
    @CsvSource({"10000, 204", "17000, 414"})
    void refusesAFirstLineThatIsTooLong(int length, int status) {
        try (var connection = ingest.connect()) {
            connection.request("HEAD /v1/banners/counter/1?" + "x".repeat(length));
            assertThat(connection.answerWithoutBody().status()).isEqualTo(status);
        }
    }

    @ParameterizedTest
    @CsvSource({"16000, 204", "17000, 400"})
    void refusesHeadersThatAreTooLong(int length, int status) {
        try (var connection = ingest.connect()) {
            connection.request("HEAD /v1/banners/counter/1", "a: " + "x".repeat(length));
            assertThat(connection.answerWithoutBody().status()).isEqualTo(status);
        }
    }

    /// Ingest is not a proxy, so it need not understand requests to one.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://localhost/v1/banners/counter/1",
                "http://example.com/",
                "HTTP://localhost:1/v1/other",
                "v1/banners/counter/1",
                "@example.com/",
                ":80/",
                "*",
                "localhost:80",
                "/v1/x\u00ff"
            })
    void refusesATargetThatIsNoPath(String target) {
        for (String method : new String[] {"GET", "POST", "OPTIONS", "CONNECT"}) {
            try (var connection = ingest.connect()) {
                Answer answer = connection.request(method + " " + target).answer();
                assertThat(answer.status()).as("%s", answer).isEqualTo(400);
                assertThat(answer.isProblem()).isTrue();
            }
        }
    }

    @Test
    void refusesTheVersionThatItDoesNotSpeak() {
        assertThat(assertIsProblem("GET /v1/banners/stats/1 HTTP/1.0\r\n" + HOST + "\r\n", 505))
                .isEqualTo("HTTP 1.0 is not supported, consider using HTTP 1.1");
    }

    @Test
    void refusesATransferEncodingThatItDoesNotKnow() {
        assertIsProblem(
                "POST /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                501);
    }

    @Test
    void saysWhatWasWrong() {
        assertThat(assertIsProblem("GET /v1/banners/counter/1 HTTP/1.1\r\n\r\n", 400))
                .isEqualTo("Host header must be present in the request");
        assertThat(assertIsProblem("GET /v1/%zz HTTP/1.1\r\n" + HOST + "\r\n", 400))
                .isEqualTo(
                        "The first line of the request is not valid HTTP/1.1, or contains a character that must be encoded.");
        assertThat(assertIsProblem("POST /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "Content-Length: x\r\n\r\n", 400))
                .isEqualTo("Content length is not a number");
    }

    @Test
    void takesConnectionsThatBreakInSilence() {
        String[] beginnings = {
            "",
            "GET /v1/ban",
            "GET /v1/banners/counter/1 HTTP/1.1\r\n",
            "GET /v1/banners/counter/1 HTTP/1.1\r\n" + HOST,
            "POST /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "Content-Length: 9\r\n\r\nhello",
            "POST /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n",
            "POST /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
            "POST /v1/banners/counter/1 HTTP/1.1\r\n" + HOST + "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
            "POST /v1/other HTTP/1.1\r\n" + HOST + "Content-Length: 9\r\n\r\nhello"
        };
        for (String beginning : beginnings) {
            try (var connection = ingest.connect().send(beginning)) {
                connection.endOutput();
                while (!connection.isClosedByServer()) {
                    // This may be "100 Continue".
                }
            }
            ingest.connect().send(beginning).reset();
        }
    }

    @Test
    void takesClientsThatDoNotWaitForTheAnswerInSilence() {
        for (String path : new String[] {"banners/counter/x", "healthcheck", "other"}) {
            String request = "GET /v1/" + path + " HTTP/1.1\r\n" + HOST + "\r\n";
            for (int round = 0; round < 20; round++) {
                ingest.connect().send(request.repeat(1 << (round / 2))).reset();
            }
        }
    }

    @Test
    void survivesAnyBytes() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        String proper = "POST /v1/banners/counter/0 HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\na: b\r\n\r\nhello";
        for (int round = 0; round < 1_000; round++) {
            var request = new StringBuilder(proper);
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                int at = random.nextInt(request.length() - 1);
                char with =
                        random.nextBoolean() ? (char) random.nextInt(256) : "\r\n :%/0,\0".charAt(random.nextInt(9));
                switch (random.nextInt(3)) {
                    case 0 -> request.setCharAt(at, with);
                    case 1 -> request.deleteCharAt(at);
                    default -> request.insert(at, with);
                }
            }
            try (var connection = ingest.connect().send(request.toString())) {
                connection.endOutput();
                String answers = connection.rest();
                assertThat(answers + console.newText())
                        .as("seed %d, request %s", seed, request)
                        .doesNotContain("HTTP/1.1 500", "\tat ");
            }
        }
        ingest.newClicks(); // a digit may have changed
    }

    /// Sends a request and asserts that it is answered with a problem, whose sentence is returned.
    private String assertIsProblem(String request, int status) {
        try (var connection = ingest.connect().send(request)) {
            Answer answer = connection.answer();
            assertThat(answer.status()).as("%s", answer).isEqualTo(status);
            assertThat(answer.isProblem()).as("a problem: %s", answer).isTrue();
            assertThat(answer.header("cache-control")).isEqualTo("no-store");
            assertThat(answer.detail()).matches("[A-Z].{10,}").doesNotContain("Exception", "io.helidon", "server log");
            connection.endOutput();
            assertThat(connection.isClosedByServer()).isTrue();
            return answer.detail();
        }
    }
}
