package clickcounter.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.ingest.HttpConnection.Answer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is counted, and what is not.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class ClickTest {
    private static final int MAX_BODY_BYTES = 64 * 1024;

    private final RunningIngest ingest;

    ClickTest(@TempDir Path folder) {
        ingest = RunningIngest.start(folder, "SERVICE_MAX_BODY", MAX_BODY_BYTES, "QUERY_PORT", 1);
    }

    @AfterAll
    void stop() {
        ingest.close();
    }

    @ParameterizedTest
    @CsvSource({
        "GET /v1/banners/counter/42, 42",
        "POST /v1/banners/counter/42, 42",
        "GET /v1/banners/counter/1, 1",
        "GET /v1/banners/counter/007, 7",
        "GET /v1/banners/counter/9223372036854775807, 9223372036854775807",
        "GET /v1/banners/counter/42?cb=123, 42",
        "GET /v1/banners/counter/42?, 42",
        "POST /v1/banners/counter/42?a=b&c=%20d, 42"
    })
    void counts(String request, long bannerId) {
        try (var connection = ingest.connect()) {
            assertIsCounted(connection.request(request).answer());
        }
        assertThat(ingest.newClicks()).containsExactly(bannerId);
    }

    @Test
    void countsNothingForHead() {
        try (var connection = ingest.connect()) {
            assertIsCounted(connection.request("HEAD /v1/banners/counter/42").answerWithoutBody());
            assertThat(ingest.newClicks()).isEmpty();
            assertIsCounted(connection.request("GET /v1/banners/counter/43").answer());
        }
        assertThat(ingest.newClicks()).containsExactly(43L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 0\r\n\r\n",
                "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 5\r\n\r\nhello",
                "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"broken\"",
                "Content-Type: nonsense\r\nContent-Length: 3\r\n\r\n\0\u00ff\n",
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
            })
    void countsAPostWhateverItsBody(String headersAndBody) {
        try (var connection = ingest.connect()) {
            connection.send("POST /v1/banners/counter/42 HTTP/1.1\r\nHost: localhost\r\n" + headersAndBody);
            assertIsCounted(connection.answer());
            assertIsCounted(connection.request("GET /v1/banners/counter/43").answer());
        }
        assertThat(ingest.newClicks()).containsExactly(42L, 43L);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, MAX_BODY_BYTES})
    void readsABodyUpToTheLimit(int bodyBytes) {
        String body = "x".repeat(bodyBytes);
        try (var connection = ingest.connect()) {
            connection
                    .request("POST /v1/banners/counter/42", "Content-Length: " + bodyBytes)
                    .send(body);
            assertIsCounted(connection.answer());
            connection
                    .request("POST /v1/banners/counter/43", "Transfer-Encoding: chunked")
                    .send(Integer.toHexString(bodyBytes) + "\r\n" + body + "\r\n0\r\n\r\n");
            assertIsCounted(connection.answer());
        }
        assertThat(ingest.newClicks()).containsExactly(42L, 43L);
    }

    @Test
    void asksForTheBodyOfAClientThatWaitsToBeAsked() {
        try (var connection = ingest.connect()) {
            connection.request("POST /v1/banners/counter/42", "Content-Length: 5", "Expect: 100-continue");
            assertThat(connection.answer().status()).isEqualTo(100);
            assertThat(ingest.newClicks()).isEmpty();

            assertIsCounted(connection.send("hello").answer());
        }
        assertThat(ingest.newClicks()).containsExactly(42L);
    }

    @Test
    void countsNothingBeforeTheBodyHasCome() {
        try (var connection = ingest.connect()) {
            connection
                    .request("POST /v1/banners/counter/42", "Content-Length: 5")
                    .send("hell");
        }
        try (var connection = ingest.connect()) {
            connection
                    .request("POST /v1/banners/counter/43", "Transfer-Encoding: chunked")
                    .send("5\r\nhel");
        }
        try (var connection = ingest.connect()) {
            assertIsCounted(connection.request("GET /v1/banners/counter/44").answer());
        }
        assertThat(ingest.newClicks()).containsExactly(44L);
    }

    @Test
    void answersPipelinedRequestsInTheirOrder() {
        int requests = 200;
        var all = new StringBuilder();
        for (int number = 1; number <= requests; number++) {
            all.append(number % 3 == 0 ? "POST" : "GET")
                    .append(" /v1/banners/counter/")
                    .append(number % 7 == 0 ? "x" : "")
                    .append(number)
                    .append(" HTTP/1.1\r\nHost: localhost\r\n")
                    .append(number % 3 == 0 ? "Content-Length: 2\r\n\r\nhi" : "\r\n");
        }
        try (var connection = ingest.connect().send(all.toString())) {
            for (int number = 1; number <= requests; number++) {
                Answer answer = connection.answer();
                assertThat(answer.status()).isEqualTo(number % 7 == 0 ? 400 : 204);
                assertThat(answer.body()).contains(number % 7 == 0 ? "x" + number : "");
            }
        }
        assertThat(ingest.newClicks())
                .isEqualTo(LongStream.rangeClosed(1, requests)
                        .filter(number -> number % 7 != 0)
                        .boxed()
                        .toList());
    }

    @Test
    void countsEveryClickOfManyConnectionsOnce() throws Exception {
        int connections = 64;
        int clicksEach = 200;
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Void>> clients = IntStream.range(0, connections)
                    .<Callable<Void>>mapToObj(number -> () -> {
                        try (var connection = ingest.connect()) {
                            for (int click = 1; click <= clicksEach; click++) {
                                long bannerId = (long) number * clicksEach + click;
                                assertIsCounted(connection
                                        .request("GET /v1/banners/counter/" + bannerId)
                                        .answer());
                            }
                        }
                        return null;
                    })
                    .toList();
            for (var client : executor.invokeAll(clients)) {
                client.get();
            }
        }
        assertThat(ingest.newClicks().stream().sorted())
                .isEqualTo(LongStream.rangeClosed(1, (long) connections * clicksEach)
                        .boxed()
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "-1",
                "+1",
                "abc",
                "1.0",
                "1e3",
                "0x1",
                "1,000",
                "1;v=2",
                "%31",
                "%D9%A3",
                "9223372036854775808",
                "18446744073709551617",
                "99999999999999999999999999999999999999999999999999"
            })
    void refusesAnotherBannerId(String id) {
        try (var connection = ingest.connect()) {
            for (String method : new String[] {"GET", "POST"}) {
                Answer answer = connection
                        .request(method + " /v1/banners/counter/" + id)
                        .answer();
                assertIsProblem(answer, 400);
                assertThat(answer.detail())
                        .isEqualTo("The banner id \"%s\" is not a whole number from 1 to 9223372036854775807.", id);
            }
        }
        assertThat(ingest.newClicks()).isEmpty();
    }

    @Test
    void cutsALongBannerIdInItsAnswer() {
        try (var connection = ingest.connect()) {
            Answer answer = connection
                    .request("GET /v1/banners/counter/" + "9".repeat(1_000))
                    .answer();
            assertIsProblem(answer, 400);
            assertThat(answer.detail())
                    .isEqualTo(
                            "The banner id \"%s…\" (1000 characters) is not a whole number from 1 to 9223372036854775807."
                                    .replace("…", "\u00e2\u0080\u00a6"),
                            "9".repeat(64));
        }
    }

    @Test
    void answersTheQuestionOfABrowserWhetherAPageOfAnotherSiteMayClick() {
        try (var connection = ingest.connect()) {
            Answer may = connection
                    .request(
                            "OPTIONS /v1/banners/counter/42",
                            "Origin: https://shop.example",
                            "Access-Control-Request-Method: POST",
                            "Access-Control-Request-Headers: content-type")
                    .answer();
            assertThat(may.status()).isEqualTo(204);
            // A beacon asks with credentials, for which a browser takes no asterisk.
            assertThat(may.header("access-control-allow-origin")).isEqualTo("https://shop.example");
            assertThat(may.header("access-control-allow-credentials")).isEqualTo("true");
            assertThat(may.header("access-control-allow-methods")).isEqualTo("GET, HEAD, POST");
            assertThat(may.header("access-control-allow-headers")).isEqualTo("content-type");
            assertThat(may.header("vary")).contains("Origin");
            assertThat(ingest.newClicks()).isEmpty();

            Answer throughNginx = connection
                    .request("OPTIONS /v1/banners/counter/42", "Origin: https://shop.example")
                    .answer();
            assertThat(throughNginx.header("access-control-allow-headers")).isEqualTo("Content-Type");

            Answer clicked = connection
                    .request("POST /v1/banners/counter/42", "Origin: https://shop.example", "Content-Length: 0")
                    .answer();
            assertThat(clicked.header("access-control-allow-origin")).isEqualTo("https://shop.example");
            assertThat(clicked.header("access-control-allow-credentials")).isEqualTo("true");
        }
        try (var connection = ingest.connect()) {
            Answer clicked = connection
                    .request("POST /v1/banners/counter/42", "Origin: https://shop.example", "Content-Length: 0")
                    .answer();
            assertThat(clicked.header("access-control-allow-origin")).isEqualTo("https://shop.example");
            assertThat(clicked.header("access-control-allow-credentials")).isEqualTo("true");
        }
        assertThat(ingest.newClicks()).containsExactly(42L, 42L);
    }

    /// Whatever makes the click take the long way, its query string costs nobody the click.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Transfer-Encoding: chunked\r\n\r\n0",
                "TE: trailers\r\nContent-Length: 0",
                "Upgrade: h2c\r\nContent-Length: 0",
                "Expect: 100-continue\r\nContent-Length: 0",
                "X: \t\u00fc\r\nConnection: keep-alive, x\r\nContent-Length: 0"
            })
    void countsWhateverTheQueryStringOfTheLongWayIs(String headers) {
        for (String query : List.of(
                "cb=[timestamp]&id={clickid}", "a|b", "%%CACHEBUSTER%%", "%zz", "\u00fc\u00ff", "x".repeat(12_000))) {
            try (var connection = ingest.connect()) {
                connection.send("POST /v1/banners/counter/42?%s HTTP/1.1\r\nHost: click_counter:3000\r\n%s\r\n\r\n"
                        .formatted(query, headers));
                Answer answer = connection.answer();
                while (answer.status() == 100) {
                    answer = connection.answer();
                }
                assertThat(answer.status()).as(query).isEqualTo(204);
            }
        }
        assertThat(ingest.newClicks()).hasSize(6);
    }

    /// A client that reads an answer with a body as the first one of two would be out of step for ever.
    @ParameterizedTest
    @ValueSource(strings = {"/v1/banners/counter/42", "/v1/healthcheck", "/v1/other"})
    void takesTheBodyOfAHeadForNoOtherRequest(String path) {
        try (var connection = ingest.connect()) {
            connection.request("HEAD " + path, "Content-Length: 4").send("GET ");
            connection.request("HEAD " + path, "Connection: close");
            assertThat(connection.rest()).doesNotContain("HTTP/1.1 400", "HTTP/1.1 405");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "X"})
    void refusesAnotherMethod(String method) {
        try (var connection = ingest.connect()) {
            Answer answer =
                    connection.request(method + " /v1/banners/counter/42").answer();
            assertIsProblem(answer, 405);
            assertThat(answer.header("allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
            assertThat(answer.detail()).isEqualTo("The method \"%s\" does not count clicks; use GET or POST.", method);
        }
        assertThat(ingest.newClicks()).isEmpty();
    }

    @Test
    void refusesABodyThatIsAnnouncedAsTooLarge() {
        try (var connection = ingest.connect()) {
            connection.request("POST /v1/banners/counter/42", "Content-Length: " + (MAX_BODY_BYTES + 1));
            assertIsTooLarge(connection.answer());
            assertThat(connection.isClosedByServer()).isTrue();
        }
        try (var connection = ingest.connect()) {
            connection.request(
                    "POST /v1/banners/counter/42", "Content-Length: " + (MAX_BODY_BYTES + 1), "Expect: 100-continue");
            assertIsTooLarge(connection.answer());
        }
        assertThat(ingest.newClicks()).isEmpty();
    }

    @Test
    void refusesABodyThatTurnsOutTooLarge() {
        try (var connection = ingest.connect()) {
            connection.request("POST /v1/banners/counter/42", "Transfer-Encoding: chunked");
            connection.send(Integer.toHexString(MAX_BODY_BYTES) + "\r\n" + "x".repeat(MAX_BODY_BYTES) + "\r\n");
            connection.send("1\r\nx\r\n0\r\n\r\n");
            assertIsTooLarge(connection.answer());
            assertThat(connection.isClosedByServer()).isTrue();
        }
        assertThat(ingest.newClicks()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Connection: close", "connection: Close", "Connection: foo, close"})
    void closesTheConnectionWhenTheClientAsksForIt(String header) {
        for (String request : new String[] {
            "GET /v1/banners/counter/42",
            "GET /v1/banners/counter/x",
            "PUT /v1/banners/counter/42",
            "GET /v1/healthcheck"
        }) {
            try (var connection = ingest.connect()) {
                Answer answer = connection.request(request, header).answer();
                assertThat(answer.header("connection")).isEqualTo("close");
                assertThat(connection.isClosedByServer()).as(request).isTrue();
            }
        }
        try (var connection = ingest.connect()) {
            connection
                    .request("POST /v1/banners/counter/43", header, "Content-Length: 5")
                    .send("hello");
            assertIsCounted(connection.answer());
            assertThat(connection.isClosedByServer()).isTrue();
        }
        assertThat(ingest.newClicks()).containsExactly(42L, 43L);
    }

    /// Java's client offers HTTP/2 with its first request.
    @Test
    void servesAClientThatOffersAnotherProtocol() throws Exception {
        try (var client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
            var uri = URI.create("http://127.0.0.1:%d/v1/banners/counter/42".formatted(ingest.port()));
            for (var request : List.of(
                    HttpRequest.newBuilder(uri).build(),
                    HttpRequest.newBuilder(uri)
                            .POST(BodyPublishers.ofString("hello"))
                            .build(),
                    HttpRequest.newBuilder(uri)
                            .POST(BodyPublishers.ofString("hello"))
                            .expectContinue(true)
                            .build())) {
                var answer = client.send(request, BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(204);
                assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
            }
        }
        assertThat(ingest.newClicks()).containsExactly(42L, 42L, 42L);
    }

    @Test
    void answersTheHealthCheck() {
        try (var connection = ingest.connect()) {
            for (int round = 0; round < 3; round++) {
                Answer answer = connection.request("GET /v1/healthcheck").answer();
                assertThat(answer.status()).isEqualTo(200);
                assertThat(answer.header("content-type")).isEqualTo("application/json");
                assertThat(answer.header("cache-control")).isEqualTo("no-store");
                assertThat(answer.body()).isEqualTo("{\"status\":\"ok\"}");

                Answer head = connection.request("HEAD /v1/healthcheck").answerWithoutBody();
                assertThat(head.status()).isEqualTo(200);
            }
        }
        assertThat(ingest.newClicks()).isEmpty();
    }

    private static void assertIsCounted(Answer answer) {
        assertThat(answer.status()).isEqualTo(204);
        assertThat(answer.header("cache-control")).isEqualTo("no-store");
        assertThat(answer.headers()).doesNotContainKeys("transfer-encoding", "content-type");
    }

    private static void assertIsTooLarge(Answer answer) {
        assertIsProblem(answer, 413);
        assertThat(answer.detail()).isEqualTo("The body is larger than %d bytes.", MAX_BODY_BYTES);
    }

    private static void assertIsProblem(Answer answer, int status) {
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.isProblem()).as("a problem: %s", answer).isTrue();
        assertThat(answer.header("cache-control")).isEqualTo("no-store");
    }
}
