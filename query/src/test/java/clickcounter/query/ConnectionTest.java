package clickcounter.query;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tests connections byte by byte.
class ConnectionTest {
    private static final String BODY = """
            {"from":"2024-01-01T00:00:00Z","to":"2024-01-02T00:00:00Z"}""";
    private static final String QUESTION =
            "POST /v1/banners/stats/1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n";

    private static RunningQuery query;

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder);
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    private static Socket connect() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), query.port());
        socket.setSoTimeout(30_000);
        return socket;
    }

    /// Sends `request` and returns everything that the server sends until it closes the connection.
    private static String answersUntilClose(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(UTF_8));
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }

    @Test
    void closesTheConnectionWhenAsked() throws IOException {
        assertThat(answersUntilClose("GET /v1/healthcheck HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200 OK")
                .contains("Connection: close")
                .endsWith("{\"status\":\"ok\"}");
        assertThat(answersUntilClose(QUESTION + "Connection: close\r\nContent-Length: 59\r\n\r\n" + BODY))
                .startsWith("HTTP/1.1 200 OK")
                .endsWith("{\"stats\":[]}");
    }

    @Test
    void keepsTheConnectionUntilItIsAskedToCloseIt() throws IOException {
        String again = QUESTION + "Content-Length: 59\r\n\r\n" + BODY;

        assertThat(answersUntilClose(again + again + "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"
                        + "GET /v1/healthcheck HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
                .containsSubsequence("200 OK", "[]", "200 OK", "[]", "404 Not Found", "200 OK", "{\"status\":\"ok\"}");
    }

    @Test
    void sendsNoBodyToHead() throws IOException {
        String answers = answersUntilClose("""
                HEAD /nothing HTTP/1.1
                Host: h

                HEAD /v1/banners/stats/1 HTTP/1.1
                Host: h

                HEAD /v1/healthcheck HTTP/1.1
                Host: h

                GET /v1/healthcheck HTTP/1.1
                Host: h
                Connection: close

                """.replace("\n", "\r\n"));

        assertThat(answers)
                .containsSubsequence("404 Not Found", "Content-Length: 109\r\n", "400 Bad Request", "200 OK", "200 OK");
        assertThat(answers).containsOnlyOnce("{");
    }

    @Test
    void deliversItsRefusalOfALargeRequestBeforeItClosesTheConnection() throws IOException {
        String head = "POST /v1/banners/stats/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n";
        assertThat(answersUntilClose(head.formatted(8_000) + " ".repeat(8_000)))
                .startsWith("HTTP/1.1 400 Bad Request")
                .contains("The banner id \\\"x\\\" is not");
        assertThat(answersUntilClose(head.formatted(60_000) + " ".repeat(60_000)))
                .startsWith("HTTP/1.1 413 Request Entity Too Large")
                .contains("The body is larger than 8192 bytes.");
    }

    @Test
    void doesNotWaitForABodyThatTheClientHoldsBack() throws IOException {
        assertThat(
                        answersUntilClose(
                                "POST /v1/banners/stats/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 8000\r\n\r\n"))
                .startsWith("HTTP/1.1 400 Bad Request");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            BLAH\\r\\n\\r\\n                                          | 400 | The first line of the request is not valid HTTP/1.1
            GET /%zz HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n                | 400 | The first line of the request is not valid HTTP/1.1
            GET / HTTP/1.0\\r\\nHost: h\\r\\n\\r\\n                   | 505 | HTTP 1.0 is not supported
            GET / HTTP/1.1\\r\\n\\r\\n                                | 400 | Host header must be present
            GET / HTTP/1.1\\r\\nHost: h\\r\\nX\\r\\n\\r\\n            | 400 | missing colon
            POST / HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: x\\r\\n\\r\\n | 400 | Content length
            POST / HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n | 400 | must not be combined
            POST / HTTP/1.1\\r\\nHost: h\\r\\nContent-Length: 1\\r\\nContent-Encoding: gzip\\r\\n\\r\\nx | 400 | Content-Encoding
            """)
    void answersWhatIsNoProperRequestWithAProblem(String request, int status, String sentence) throws IOException {
        assertThat(answersUntilClose(request.replace("\\r\\n", "\r\n")))
                .startsWith("HTTP/1.1 " + status)
                .contains("Content-Type: application/problem+json")
                .contains("\"status\":" + status)
                .contains(sentence);
    }

    @Test
    void answersAClientThatSendsNoMore() throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write((QUESTION + "Content-Length: 59\r\n\r\n" + BODY).getBytes(UTF_8));
            socket.shutdownOutput();

            assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
                    .startsWith("HTTP/1.1 200 OK")
                    .endsWith("{\"stats\":[]}");
        }
    }

    @Test
    void goesOnAfterAClientThatBreaksOff() throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write((QUESTION + "Content-Length: 59\r\n\r\n{\"from\":").getBytes(UTF_8));
            socket.shutdownOutput();

            assertThat(socket.getInputStream().readAllBytes()).isEmpty();
        }
        assertThat(query.clicks(1)).isZero();
    }
}
