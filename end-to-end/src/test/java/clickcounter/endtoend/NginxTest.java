package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
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
    @TempDir
    Path folder;

    private int port;

    @Test
    void eachProcessIsReachedThroughTheProxyAndEveryClickIsCounted() throws IOException, InterruptedException {
        Path socket = folder.resolve("ingest.sock");
        try (TestDatabase database = TestDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of("INGEST_SOCKET", socket.toString()));
                Nginx nginx = Nginx.start(folder, List.of("unix:" + socket), service.queryPort());
                HttpClient client = HttpClient.newHttpClient()) {
            port = nginx.port();
            assertThat(get(client, "/v1/healthcheck").statusCode()).isEqualTo(200);
            assertThat(get(client, "/v1/banners/counter/none").statusCode()).isEqualTo(400);
            assertThat(get(client, "/v1/banners/stats/1").statusCode()).isEqualTo(400);
            HttpResponse<String> click = get(client, "/v1/banners/counter/1");
            assertThat(click.statusCode()).isEqualTo(204);
            assertThat(click.headers().firstValue("Cache-Control")).hasValue("no-store");
            var beacon = HttpRequest.newBuilder(uri("/v1/banners/counter/1"))
                    .POST(BodyPublishers.ofString("seen"))
                    .build();
            assertThat(client.send(beacon, BodyHandlers.ofString()).statusCode())
                    .isEqualTo(204);
            assertThat(service.totalClicks(1)).isEqualTo(2);

            var ledger = new Ledger();
            try (ClickLoad load = ClickLoad.start(port, 32, 100, 5_000, new Random().nextLong())) {
                LockSupport.parkNanos(Duration.ofSeconds(3).toNanos());
                ledger.add(load.end());
            }
            assertThat(ledger.unansweredClicks()).isZero();
            assertThat(ledger.refusedClicks()).isZero();
            ledger.acknowledged(1, System.currentTimeMillis(), System.currentTimeMillis());
            ledger.acknowledged(1, System.currentTimeMillis(), System.currentTimeMillis());
            for (long bannerId : ledger.bannerIds()) {
                assertThat(service.totalClicks(bannerId)).isEqualTo(ledger.acknowledgedClicks(bannerId));
            }

            service.ingest().kill();
            HttpResponse<String> unavailable = get(client, "/v1/banners/counter/1");
            assertThat(unavailable.statusCode()).isEqualTo(503);
            assertThat(unavailable.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(unavailable.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            service.ingest().restart();
            service.awaitReady();
            assertThat(get(client, "/v1/banners/counter/1").statusCode()).isEqualTo(204);
        }
    }

    private HttpResponse<String> get(HttpClient client, String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://localhost:" + port + path);
    }
}
