package clickcounter.endtoend;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import clickcounter.testing.Nginx;
import clickcounter.testing.Ports;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `config/nginx.conf` in a real nginx, where one is installed.
final class NginxTest {
    private static final int BANNERS = 100;
    private static final String STAY_WITH_TLS = "Strict-Transport-Security";

    @TempDir
    Path folder;

    private final int port = Ports.free();

    @Test
    void eachProcessIsReachedThroughTheProxyAndEveryClickIsCounted() throws IOException {
        assumeTrue(Nginx.isInstalled(), "nginx is not installed");
        Path socket = folder.resolve("ingest.sock");
        long ownBanner = BANNERS + 1;
        String click = "/v1/banners/counter/" + ownBanner;
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of("INGEST_SOCKET", socket.toString()));
                TestProcess _ =
                        Nginx.startProxy("nginx", folder, port, List.of("unix:" + socket), service.queryPort());
                var client = new ClickClient(port)) {
            assertThat(service.get(port, "/v1/healthcheck").statusCode()).isEqualTo(200);
            assertThat(service.get(port, "/v1/banners/counter/none").statusCode())
                    .isEqualTo(400);
            assertThat(service.get(port, "/v1/banners/stats/1").statusCode()).isEqualTo(400);
            HttpResponse<String> taken = service.get(port, click);
            assertThat(taken.statusCode()).isEqualTo(204);
            assertThat(taken.headers().firstValue("Cache-Control")).hasValue("no-store");
            assertThat(client.beacon(ownBanner)).isEqualTo(204);
            assertThat(service.totalClicks(ownBanner)).isEqualTo(2);

            assertThat(answer("GET " + click + " HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 204 ");
            assertThat(answer("GET /v1/healthcheck HTTP/1.0\r\n\r\n")).startsWith("HTTP/1.1 200 ");
            assertThat(answer(
                            "GET " + click + " HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 204 ")
                    .contains("Access-Control-Allow-Origin: https://b\r\n");
            assertThat(
                            answer(
                                    "OPTIONS " + click
                                            + " HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nConnection: close\r\n"
                                            + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n"))
                    .startsWith("HTTP/1.1 204 ")
                    .contains(
                            "Access-Control-Allow-Origin: https://b\r\n",
                            "Access-Control-Allow-Headers: Content-Type\r\n");
            assertThat(service.totalClicks(ownBanner)).isEqualTo(4);

            var sent = new SentClicks();
            try (ClickLoad load = ClickLoad.start(port, 32, BANNERS, 5_000, new Random().nextLong(), sent)) {
                LockSupport.parkNanos(Duration.ofSeconds(3).toNanos());
                load.end();
                assertThat(sent.unansweredClicks()).isZero();
                assertThat(sent.refusedClicks()).isZero();
                sent.verify(service);
            }

            service.ingest().kill();
            HttpResponse<String> unavailable = service.get(port, click);
            assertThat(unavailable.statusCode()).isEqualTo(503);
            assertThat(unavailable.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(unavailable.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            service.ingest().restart();
            service.awaitReady();
            assertThat(service.get(port, click).statusCode()).isEqualTo(204);
        }
    }

    @Test
    void tellsBrowsersToStayWithTlsWhereverTheyAskWithIt() throws IOException {
        assumeTrue(Nginx.isInstalled(), "nginx is not installed");
        int tlsPort = Ports.free();
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            List<String> ingest = List.of("127.0.0.1:" + service.port());
            try (TestProcess _ = Nginx.startProxy("nginx", folder, port, ingest, service.queryPort());
                    TestProcess _ =
                            Nginx.startProxyAsWithTls("nginx-tls", folder, tlsPort, ingest, service.queryPort())) {
                assertAnswersSayStayWithTls(service, tlsPort, 200, "/", "/docs", "/openapi.yaml", "/v1/healthcheck");
                assertAnswersSayStayWithTls(service, tlsPort, 204, "/v1/banners/counter/7");
                assertAnswersSayStayWithTls(service, tlsPort, 400, "/v1/banners/counter/none", "/v1/banners/stats/7");
                assertThat(service.get(port, "/").headers().firstValue(STAY_WITH_TLS))
                        .isEmpty();
                service.ingest().kill();
                service.query().kill();
                assertAnswersSayStayWithTls(service, tlsPort, 503, "/", "/v1/banners/counter/7", "/v1/healthcheck");
            }
        }
    }

    private static void assertAnswersSayStayWithTls(Service service, int port, int status, String... paths)
            throws IOException {
        for (String path : paths) {
            HttpResponse<String> answer = service.get(port, path);
            assertThat(answer.statusCode()).as(path).isEqualTo(status);
            assertThat(answer.headers().allValues(STAY_WITH_TLS)).as(path).containsExactly("max-age=31536000");
        }
    }

    /// Sends a request that a real HTTP client would not; returns all that is answered until the connection ends.
    private String answer(String request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(request.getBytes(US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), US_ASCII);
        }
    }
}
