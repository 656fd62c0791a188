package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `config/nginx.conf` in a real nginx, where one is installed.
final class NginxTest {
    private static final List<String> PLACES = List.of("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx");
    private static final Duration MAX_START = Duration.ofSeconds(20);

    private final int port = Service.freePort();
    private @Nullable Process nginx;

    @TempDir
    Path folder;

    @AfterEach
    void stopNginx() throws InterruptedException {
        if (nginx != null) {
            nginx.destroy();
            assertThat(nginx.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void eachProcessIsReachedThroughTheProxyAndEveryClickIsCounted() throws IOException, InterruptedException {
        try (TestDatabase database = TestDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of());
                HttpClient client = HttpClient.newHttpClient()) {
            startNginx(service);
            assertThat(get(client, "/v1/healthcheck").statusCode()).isEqualTo(200);
            assertThat(get(client, "/v1/banners/counter/none").statusCode()).isEqualTo(400);
            assertThat(get(client, "/v1/banners/stats/1").statusCode()).isEqualTo(405);
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

    private void startNginx(Service service) throws IOException, InterruptedException {
        String binary = PLACES.stream()
                .filter(place -> Files.isExecutable(Path.of(place)))
                .findFirst()
                .orElse("");
        assumeTrue(!binary.isEmpty(), "nginx is not installed");
        Path site = folder.resolve("site.conf");
        Files.writeString(
                site,
                Files.readString(ServiceProcess.ROOT.resolve("config/nginx.conf"))
                        .replace("127.0.0.1:3000", "127.0.0.1:" + service.port())
                        .replace("127.0.0.1:3001", "127.0.0.1:" + service.queryPort())
                        .replace("listen 80;", "listen 127.0.0.1:" + port + ";")
                        .replace("listen [::]:80;", ""));
        Path configuration = folder.resolve("nginx.conf");
        Files.writeString(configuration, """
                daemon off;
                pid %1$s/nginx.pid;
                error_log %1$s/nginx.log;
                events { worker_connections 1024; }
                http {
                    access_log off;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    include %2$s;
                }
                """.formatted(folder, site));
        Process started = new ProcessBuilder(binary, "-p", folder.toString(), "-c", configuration.toString())
                .inheritIO()
                .start();
        nginx = started;
        long deadlineNs = System.nanoTime() + MAX_START.toNanos();
        while (!Files.exists(folder.resolve("nginx.pid")) || Files.size(folder.resolve("nginx.pid")) == 0) {
            assertThat(started.isAlive()).as("nginx has started").isTrue();
            assertThat(System.nanoTime()).as("nginx starts in time").isLessThan(deadlineNs);
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }

    private HttpResponse<String> get(HttpClient client, String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://localhost:" + port + path);
    }
}
