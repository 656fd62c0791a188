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
    private static final String SOCKET = "unix:/run/click-counter/ingest.sock";
    private static final String PORT_WITHOUT_SOCKET = "    server 127.0.0.1:3000 max_fails=1 fail_timeout=1s backup;\n";

    private final int port = Service.freePort();
    private final Path folder;
    private final Process process;

    private Nginx(String binary, Path folder, List<String> ingestAddresses, int queryPort) throws IOException {
        this.folder = folder;
        Path site = folder.resolve("site.conf");
        Files.writeString(site, site(ingestAddresses, queryPort));
        Path configuration = folder.resolve("nginx.conf");
        Files.writeString(configuration, """
                daemon off;
                %3$s
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
                """.formatted(folder, site, user()));
        process = new ProcessBuilder(binary, "-p", folder.toString(), "-c", configuration.toString())
                .inheritIO()
                .start();
    }

    /// Returns when it listens. Where no nginx is installed the test is skipped.
    ///
    /// @param folder for its files
    /// @param ingestAddresses as nginx names them: `127.0.0.1:3000`, `unix:/…`
    static Nginx start(Path folder, List<String> ingestAddresses, int queryPort) throws IOException {
        String binary = PLACES.stream()
                .filter(place -> Files.isExecutable(Path.of(place)))
                .findFirst()
                .orElse("");
        assumeTrue(!binary.isEmpty(), "nginx is not installed");
        var nginx = new Nginx(binary, folder, ingestAddresses, queryPort);
        try {
            nginx.awaitStart();
        } catch (AssertionError failure) {
            nginx.close();
            throw failure;
        }
        return nginx;
    }

    private String site(List<String> ingestAddresses, int queryPort) throws IOException {
        String shipped = Files.readString(ServiceProcess.ROOT.resolve("config/nginx.conf"));
        assertThat(shipped).contains(SOCKET, PORT_WITHOUT_SOCKET);
        int start = shipped.indexOf("    server " + SOCKET);
        String line = shipped.substring(start, shipped.indexOf('\n', start));
        String lines = ingestAddresses.stream()
                .map(address -> line.replace(SOCKET, address))
                .collect(Collectors.joining("\n"));
        return shipped.replace(line, lines)
                .replace(PORT_WITHOUT_SOCKET, "")
                .replace("127.0.0.1:3001", "127.0.0.1:" + queryPort)
                .replace("listen 80;", "listen 127.0.0.1:" + port + ";")
                .replace("listen [::]:80;", "");
    }

    /// Workers that root's nginx gives to somebody else could not reach sockets in the test's folder.
    private static String user() {
        return System.getProperty("user.name").equals("root") ? "user root;" : "";
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
