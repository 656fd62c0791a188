package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/// A real nginx with the `config/nginx.conf` that is shipped; only its ports are others.
final class Nginx implements AutoCloseable {
    private static final List<String> PLACES = List.of("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx");
    private static final Duration MAX_START = Duration.ofSeconds(20);
    private static final String INGEST = "server 127.0.0.1:3000 ";

    private final int port = Service.freePort();
    private final Path folder;
    private final Process process;

    private Nginx(String binary, Path folder, List<Integer> ingestPorts, int queryPort) throws IOException {
        this.folder = folder;
        Path site = folder.resolve("site.conf");
        Files.writeString(site, site(ingestPorts, queryPort));
        Path configuration = folder.resolve("nginx.conf");
        Files.writeString(configuration, """
                daemon off;
                worker_processes 2;
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
        process = new ProcessBuilder(binary, "-p", folder.toString(), "-c", configuration.toString())
                .inheritIO()
                .start();
    }

    /// Returns when it listens. Where no nginx is installed the test is skipped.
    ///
    /// @param folder for its files
    static Nginx start(Path folder, List<Integer> ingestPorts, int queryPort) throws IOException {
        String binary = PLACES.stream()
                .filter(place -> Files.isExecutable(Path.of(place)))
                .findFirst()
                .orElse("");
        assumeTrue(!binary.isEmpty(), "nginx is not installed");
        var nginx = new Nginx(binary, folder, ingestPorts, queryPort);
        try {
            nginx.awaitStart();
        } catch (AssertionError failure) {
            nginx.close();
            throw failure;
        }
        return nginx;
    }

    private String site(List<Integer> ingestPorts, int queryPort) throws IOException {
        String shipped = Files.readString(ServiceProcess.ROOT.resolve("config/nginx.conf"));
        int start = shipped.indexOf(INGEST);
        String line = shipped.substring(start, shipped.indexOf('\n', start));
        String lines = ingestPorts.stream()
                .map(ingestPort -> line.replace(INGEST, "server 127.0.0.1:%d ".formatted(ingestPort)))
                .collect(Collectors.joining("\n    "));
        return shipped.replace(line, lines)
                .replace("127.0.0.1:3001", "127.0.0.1:" + queryPort)
                .replace("listen 80;", "listen 127.0.0.1:" + port + ";")
                .replace("listen [::]:80;", "");
    }

    private void awaitStart() throws IOException {
        long deadlineNs = System.nanoTime() + MAX_START.toNanos();
        Path pid = folder.resolve("nginx.pid");
        while (!Files.exists(pid) || Files.size(pid) == 0) {
            assertThat(process.isAlive()).as("nginx has started").isTrue();
            assertThat(System.nanoTime()).as("nginx starts in time").isLessThan(deadlineNs);
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }

    /// The public port.
    int port() {
        return port;
    }

    /// What it has reported as an error.
    String errors() throws IOException {
        return Files.readString(folder.resolve("nginx.log"));
    }

    @Override
    public void close() {
        process.destroy();
        try {
            assertThat(process.waitFor(10, TimeUnit.SECONDS))
                    .as("nginx has ended")
                    .isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
