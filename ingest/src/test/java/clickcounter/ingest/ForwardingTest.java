package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.ingest.HttpConnection.Answer;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Requests that are no clicks are forwarded to query, replaced by a small server here, and answered by it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class ForwardingTest {
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer query;
    private final RunningIngest ingest;
    private final ConsoleOutput console = ConsoleOutput.capture();

    private volatile HttpHandler handler = HttpExchange::close;
    private volatile Received received = new Received("", "", new Headers(), "");

    /// The last request that the server received.
    private record Received(String method, String target, Headers headers, String body) {}

    ForwardingTest(@TempDir Path folder) throws IOException {
        query = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        query.setExecutor(threads);
        query.createContext("/", exchange -> {
            received = new Received(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().toString(),
                    exchange.getRequestHeaders(),
                    new String(exchange.getRequestBody().readAllBytes(), ISO_8859_1));
            handler.handle(exchange);
        });
        query.start();
        ingest = RunningIngest.start(folder, "QUERY_PORT", query.getAddress().getPort(), "SERVICE_MAX_BODY", "64KiB");
        console.newText(); // what ingest logs when it starts
    }

    @BeforeEach
    void answersOk() {
        handler = exchange -> answer(exchange, 200, "");
    }

    @AfterEach
    void countsNothingAndPrintsNothing() {
        assertThat(ingest.newClicks()).isEmpty();
        assertThat(console.newText()).isEmpty();
    }

    @AfterAll
    void stop() {
        ingest.close();
        query.stop(0);
        threads.shutdownNow();
        console.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"})
    void passesTheMethodOn(String method) {
        try (var connection = ingest.connect()) {
            assertThat(connection.request(method + " /v1/other").answer().status())
                    .isEqualTo(200);
        }
        assertThat(received.method()).isEqualTo(method);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/v1/banners/stats/42",
                "/v1/banners/stats/42?a=1&a=2&b=%20%C3%A4+c",
                "/v1/banners/counter",
                "/v1/banners/counter/42/",
                "/v1/banners/counter/42/43",
                "/v1/Banners/counter/42",
                "/v1/%7Efoo;a=b/c,d@e:f!$&'()*+",
                "//example.com/v1/other",
                "/http://example.com/",
                "/..//../etc/passwd"
            })
    void passesPathAndQueryStringOnAsTheyAre(String target) {
        try (var connection = ingest.connect()) {
            assertThat(connection.request("GET " + target).answer().status()).isEqualTo(200);
        }
        assertThat(received.target()).isEqualTo(target);
    }

    @Test
    void passesOnTheHeadersThatQueryReadsAndNoOthers() {
        try (var connection = ingest.connect()) {
            connection.request(
                    "POST /v1/banners/stats/42",
                    "Content-Type: application/json",
                    "Accept: application/json",
                    "Authorization: Bearer x",
                    "If-None-Match: \"one\"",
                    "If-None-Match: \"two\"",
                    "Origin: https://ads.example.com",
                    "Accept-Language: de",
                    "Range: bytes=0-1",
                    "X-Other: one",
                    "X-Empty:",
                    "Keep-Alive: timeout=5",
                    "TE: trailers",
                    "Proxy-Authorization: Basic x",
                    "Upgrade: h2c",
                    "Content-Length: 2");
            assertThat(connection.send("{}").answer().status()).isEqualTo(200);
        }
        assertThat(received.headers())
                .containsEntry("Content-type", List.of("application/json"))
                .containsEntry("Accept", List.of("application/json"))
                .containsEntry("Authorization", List.of("Bearer x"))
                .containsEntry("Host", List.of("127.0.0.1:" + query.getAddress().getPort()))
                .containsEntry("Content-length", List.of("2"))
                .containsEntry("Origin", List.of("https://ads.example.com"))
                .doesNotContainKeys(
                        "Accept-language",
                        "Keep-alive",
                        "Proxy-authorization",
                        "Range",
                        "Te",
                        "Upgrade",
                        "X-empty",
                        "X-forwarded-for",
                        "X-forwarded-port",
                        "X-other");
        assertThat(String.join(", ", received.headers().get("If-None-Match"))).isEqualTo("\"one\", \"two\"");
        assertThat(received.body()).isEqualTo("{}");
    }

    /// Cookies are for all services of a host, whatever their port, and need not be ASCII.
    @ParameterizedTest
    @ValueSource(strings = {"Cookie: name=Jos\u00e9", "Cookie: a=b", "Referer: https://a.example/\u00fc"})
    void leavesOutHeadersThatQueryDoesNotNeed(String header) {
        try (var connection = ingest.connect()) {
            Answer answer = connection.request("GET /v1/other", header).answer();
            assertThat(answer.status()).isEqualTo(200);
        }
        assertThat(received.headers()).doesNotContainKeys("Cookie", "Referer");
    }

    @Test
    void passesBodiesOn() {
        String body = "{\"from\": \"\u00ff\0\"}" + "x".repeat(60_000);
        try (var connection = ingest.connect()) {
            connection
                    .request("POST /v1/other", "Content-Length: " + body.length())
                    .send(body);
            assertThat(connection.answer().status()).isEqualTo(200);
            assertThat(received.body()).isEqualTo(body);

            connection
                    .request("POST /v1/other", "Transfer-Encoding: chunked")
                    .send("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
            assertThat(connection.answer().status()).isEqualTo(200);
            assertThat(received.body()).isEqualTo("hello world");

            connection.request("POST /v1/other", "Content-Length: 5", "Expect: 100-continue");
            assertThat(connection.answer().status()).isEqualTo(100);
            assertThat(connection.send("hello").answer().status()).isEqualTo(200);
            assertThat(received.body()).isEqualTo("hello");
            assertThat(received.headers()).doesNotContainKey("Expect");
        }
    }

    @Test
    void refusesBodiesThatAreTooLarge() {
        try (var connection = ingest.connect()) {
            connection.request("POST /v1/other", "Content-Length: 65537");
            assertIsProblem(connection.answer(), 413, "The body is larger than 65536 bytes.");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "200, {}",
        "201, made",
        "301, moved",
        "400, '{\"type\":\"about:blank\"}'",
        "404, not found",
        "405, ''",
        "500, broken",
        "503, later",
        "599, own"
    })
    void passesTheAnswerBack(int status, String body) {
        handler = exchange -> {
            exchange.getResponseHeaders().add("Content-Type", "text/x-special; charset=utf-8");
            exchange.getResponseHeaders().add("Allow", "POST");
            exchange.getResponseHeaders().add("Retry-After", "7");
            exchange.getResponseHeaders().add("Location", "/elsewhere");
            exchange.getResponseHeaders().add("X-Many", "one");
            exchange.getResponseHeaders().add("X-Many", "two");
            answer(exchange, status, body);
        };
        try (var connection = ingest.connect()) {
            Answer answer = connection.request("GET /v1/other").answer();
            assertThat(answer.status()).isEqualTo(status);
            assertThat(answer.body()).isEqualTo(body);
            assertThat(answer.headers())
                    .containsEntry("content-type", "text/x-special; charset=utf-8")
                    .containsEntry("allow", "POST")
                    .containsEntry("retry-after", "7")
                    .containsEntry("location", "/elsewhere")
                    .containsEntry("x-many", "one, two");
        }
    }

    @ParameterizedTest
    @CsvSource({"1, true", "1000, true", "3000000, true", "0, false", "1, false", "1000, false", "3000000, false"})
    void passesBodiesBack(int length, boolean isLengthKnown) {
        String body = "\u00ff\0x\r\n".repeat(length / 5 + 1).substring(0, length);
        handler = exchange -> {
            exchange.sendResponseHeaders(200, isLengthKnown ? length : 0);
            exchange.getResponseBody().write(body.getBytes(ISO_8859_1));
            exchange.close();
        };
        try (var connection = ingest.connect()) {
            for (int round = 0; round < 2; round++) {
                Answer answer = connection.request("GET /v1/other").answer();
                assertThat(answer.status()).isEqualTo(200);
                assertThat(answer.body().equals(body)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 304})
    void passesAnswersWithoutABodyBack(int status) {
        handler = exchange -> {
            exchange.getResponseHeaders().add("ETag", "\"x\"");
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        };
        try (var connection = ingest.connect()) {
            for (int round = 0; round < 2; round++) {
                Answer answer = connection.request("GET /v1/other").answer();
                assertThat(answer.status()).isEqualTo(status);
                assertThat(answer.header("etag")).isEqualTo("\"x\"");
            }
        }
    }

    @Test
    void passesTheAnswerToAHeadBack() {
        handler = exchange -> {
            exchange.getResponseHeaders().add("Content-Length", "1234");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        };
        try (var connection = ingest.connect()) {
            for (int round = 0; round < 2; round++) {
                Answer answer = connection.request("HEAD /v1/other").answerWithoutBody();
                assertThat(answer.status()).isEqualTo(200);
                assertThat(answer.header("content-length")).isEqualTo("1234");
            }
        }
        assertThat(received.method()).isEqualTo("HEAD");
    }

    @ParameterizedTest
    @CsvSource({"1000, 100", "1000000, 999999", "0, 100", "0, 1000000"})
    void breaksOffWhenTheAnswerDoes(int announcedBytes, int sentBytes) {
        handler = exchange -> {
            exchange.sendResponseHeaders(200, announcedBytes);
            exchange.getResponseBody().write(new byte[sentBytes]);
            exchange.getResponseBody().flush();
            throw new IOException("the server breaks off");
        };
        try (var connection = ingest.connect()) {
            connection.request("GET /v1/other");
            try {
                assertIsProblem(
                        connection.answer(),
                        503,
                        "The statistics are not available at the moment; clicks are counted.");
            } catch (UncheckedIOException brokenOff) {
                assertThat(connection.isClosedByServer()).isTrue();
            }
        }
    }

    @Test
    void answers503WhenQueryClosesTheConnectionWithoutAnAnswer() {
        handler = exchange -> {
            throw new IOException("the server breaks off");
        };
        try (var connection = ingest.connect()) {
            assertIsUnavailable(connection.request("GET /v1/other").answer());
        }
    }

    @Test
    void answers503WhileQueryIsDownAndGoesOnCounting(@TempDir Path folder) {
        try (var alone = RunningIngest.start(folder, "QUERY_PORT", 1);
                var connection = alone.connect()) {
            assertIsUnavailable(connection
                    .request("POST /v1/banners/stats/42", "Content-Length: 2")
                    .send("{}")
                    .answer());
            assertThat(connection.click(42)).isEqualTo(204);
            assertThat(connection.request("GET /v1/healthcheck").answer().status())
                    .isEqualTo(200);
            assertThat(alone.newClicks()).containsExactly(42L);
        }
        assertThat(console.newText()).contains("1 clicks appended").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {": no name", "a\u00e9b: x"})
    void refusesHeadersThatCannotBePassedOn(String header) {
        try (var connection = ingest.connect()) {
            Answer answer = connection.request("GET /v1/other", header).answer();
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.isProblem()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 10_000, 3_000_000})
    void takesAClientThatDoesNotWaitForTheAnswerInSilence(int answerBytes) throws InterruptedException {
        var asked = new CountDownLatch(1);
        var clientIsGone = new CountDownLatch(1);
        var answered = new CountDownLatch(1);
        handler = exchange -> {
            asked.countDown();
            try {
                clientIsGone.await();
                answer(exchange, 200, "x".repeat(answerBytes));
            } catch (InterruptedException interrupted) {
                throw new IOException(interrupted);
            } finally {
                answered.countDown();
            }
        };
        var connection = ingest.connect().request("GET /v1/other");
        asked.await();
        connection.reset();
        clientIsGone.countDown();
        answered.await();

        answersOk();
        try (var next = ingest.connect()) {
            assertThat(next.request("GET /v1/other").answer().status()).isEqualTo(200);
        }
    }

    enum Leaving {
        CLOSES,
        RESETS,
        SENDS_NO_MORE;

        void leave(Socket client) throws IOException {
            if (this == SENDS_NO_MORE) {
                client.shutdownOutput();
                return;
            }
            if (this == RESETS) {
                client.setSoLinger(true, 0);
            }
            client.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void givesTheRequestOfAClientThatHasGoneUp(Leaving leaving, @TempDir Path folder) throws IOException {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var alone = RunningIngest.start(folder, "QUERY_PORT", server.getLocalPort());
                var client = new Socket(InetAddress.getLoopbackAddress(), alone.port())) {
            server.setSoTimeout(30_000);
            client.getOutputStream().write("GET /v1/other HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(UTF_8));
            try (Socket asked = server.accept()) {
                asked.setSoTimeout(30_000);
                assertThat(asked.getInputStream().read()).isEqualTo('G');

                leaving.leave(client);

                assertThat(new String(asked.getInputStream().readAllBytes(), UTF_8))
                        .endsWith("\r\n\r\n");
            }
            if (leaving == Leaving.SENDS_NO_MORE) {
                assertThat(client.getInputStream().readAllBytes()).isEmpty();
            }
        }
        console.newText(); // what the other ingest logs
    }

    @Test
    void answersAClientThatSendsNoMore() throws IOException {
        handler = exchange -> answer(exchange, 200, "here");
        try (var client = new Socket(InetAddress.getLoopbackAddress(), ingest.port())) {
            client.getOutputStream().write("GET /v1/other HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(UTF_8));
            client.shutdownOutput();

            assertThat(new String(client.getInputStream().readAllBytes(), UTF_8))
                    .startsWith("HTTP/1.1 200 OK")
                    .endsWith("here");
        }
    }

    /// The server sends the second event only after the client has received the first.
    @Test
    void passesEventsOnAtOnce() throws IOException {
        var hasArrived = new CountDownLatch(1);
        handler = exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
            exchange.sendResponseHeaders(200, 0);
            try (var out = exchange.getResponseBody()) {
                out.write("data: 1\n\n".getBytes(UTF_8));
                out.flush();
                hasArrived.await();
                out.write("data: 2\n\n".getBytes(UTF_8));
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
        };
        var live = URI.create("http://127.0.0.1:%d/v1/banners/live".formatted(ingest.port()));
        try (var events = new BufferedReader(new InputStreamReader(live.toURL().openStream(), UTF_8))) {
            assertThat(events.readLine()).isEqualTo("data: 1");
            hasArrived.countDown();
            assertThat(events.readLine()).isEmpty();
            assertThat(events.readLine()).isEqualTo("data: 2");
            assertThat(events.readLine()).isEmpty();
            assertThat(events.readLine()).isNull();
        }
    }

    @Test
    void passesManyRequestsOnAtOnce() throws Exception {
        handler = exchange -> answer(exchange, 200, exchange.getRequestURI().getPath());
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = executor.invokeAll(IntStream.range(0, 64)
                    .<Callable<Boolean>>mapToObj(number -> () -> {
                        try (var connection = ingest.connect()) {
                            boolean areRight = true;
                            for (int round = 0; round < 10; round++) {
                                String path = "/v1/%d/%d".formatted(number, round);
                                areRight &= connection
                                        .request("GET " + path)
                                        .answer()
                                        .body()
                                        .equals(path);
                            }
                            return areRight;
                        }
                    })
                    .toList());
            for (var areRight : answers) {
                assertThat(areRight.get()).isTrue();
            }
        }
    }

    @Test
    void asksAgainWhenAKeptConnectionIsClosedAtThatMoment() throws Exception {
        var requests = new AtomicInteger();
        handler = exchange -> {
            exchange.getRequestBody().readAllBytes();
            if (requests.incrementAndGet() == 2) {
                exchange.close();
            } else {
                answer(exchange, 200, "here");
            }
        };
        try (var connection = ingest.connect()) {
            for (int count = 0; count < 2; count++) {
                connection.send("POST /v1/top HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
                assertThat(connection.answer().body()).isEqualTo("here");
            }
        }
        assertThat(requests).hasValue(3);
    }

    @Test
    void answersWhileManyOthersWaitForTheirAnswersOrSendWhatIsNoRequest() throws Exception {
        var unanswered = new ConcurrentLinkedQueue<HttpExchange>();
        handler = exchange -> {
            if (exchange.getRequestURI().getPath().equals("/v1/slow")) {
                unanswered.add(exchange);
            } else {
                answer(exchange, 200, "here");
            }
        };
        List<HttpConnection> others = new ArrayList<>();
        try {
            for (int count = 0; count < 100; count++) {
                others.add(
                        ingest.connect().send(count % 2 == 0 ? "GET /v1/slow HTTP/1.1\r\nHost: a\r\n\r\n" : "\u0016"));
            }
            try (var connection = ingest.connect()) {
                assertThat(connection.request("GET /v1/quick").answer().body()).isEqualTo("here");
            }
        } finally {
            others.forEach(HttpConnection::close);
            unanswered.forEach(HttpExchange::close);
        }
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static void assertIsUnavailable(Answer answer) {
        assertIsProblem(answer, 503, "The statistics are not available at the moment; clicks are counted.");
        assertThat(answer.header("retry-after")).isEqualTo("1");
    }

    private static void assertIsProblem(Answer answer, int status, String detail) {
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.isProblem()).as("a problem: %s", answer).isTrue();
        assertThat(answer.detail()).isEqualTo(detail);
    }
}
