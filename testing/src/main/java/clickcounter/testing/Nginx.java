package clickcounter.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// A real nginx, where one is installed.
public final class Nginx {
    private static final List<String> PLACES = List.of("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx");
    private static final String NOT_INSTALLED = "not installed";
    private static final String SOCKET = "unix:/run/click-counter/ingest.sock";
    private static final String PORT_WITHOUT_SOCKET = "    server 127.0.0.1:3000 max_fails=1 fail_timeout=1s backup;\n";
    private static final String IS_TLS = "map $https ";

    private Nginx() {}

    /// Whether there is one on this machine.
    public static boolean isInstalled() {
        return !binary().equals(NOT_INSTALLED);
    }

    /// Its version, or "not installed".
    public static String version() {
        return isInstalled() ? TestProcess.outputOf(binary(), "-v") : NOT_INSTALLED;
    }

    private static String binary() {
        return PLACES.stream()
                .filter(place -> Files.isExecutable(Path.of(place)))
                .findFirst()
                .orElse(NOT_INSTALLED);
    }

    /// Starts a reverse proxy with the `config/nginx.conf` that is shipped; only its addresses are others.
    ///
    /// @param folder for its files
    /// @param port where it listens
    /// @param ingestAddresses as nginx names them: `127.0.0.1:3000`, `unix:/…`
    public static TestProcess startProxy(
            String name, Path folder, int port, List<String> ingestAddresses, int queryPort) {
        return start(name, folder, port, 0, proxy(port, ingestAddresses, queryPort));
    }

    /// Starts such a proxy that takes the connections of its clients for TLS.
    public static TestProcess startProxyAsWithTls(
            String name, Path folder, int port, List<String> ingestAddresses, int queryPort) {
        String servers = proxy(port, ingestAddresses, queryPort);
        if (!servers.contains(IS_TLS)) {
            throw new AssertionError("config/nginx.conf has no line: " + IS_TLS);
        }
        return start(name, folder, port, 0, servers.replace(IS_TLS, "map on "));
    }

    private static String proxy(int port, List<String> ingestAddresses, int queryPort) {
        String shipped;
        try {
            shipped = Files.readString(TestProcess.ROOT.resolve("config/nginx.conf"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        String socketLine = shipped.lines()
                .filter(line -> line.contains("server " + SOCKET))
                .findFirst()
                .orElseThrow();
        if (!shipped.contains(PORT_WITHOUT_SOCKET)) {
            throw new AssertionError("config/nginx.conf has no line: " + PORT_WITHOUT_SOCKET);
        }
        String ingestLines = ingestAddresses.stream()
                .map(address -> socketLine.replace(SOCKET, address))
                .collect(Collectors.joining("\n"));
        return shipped.replace(socketLine, ingestLines)
                .replace(PORT_WITHOUT_SOCKET, "")
                .replace("127.0.0.1:3001", "127.0.0.1:" + queryPort)
                .replace("listen 80;", "listen 127.0.0.1:" + port + ";")
                .replace("listen [::]:80;", "");
    }

    /// Starts it with these servers; returns when it listens on the port. It prints its errors.
    ///
    /// @param workers how many processes serve; 0 for one on each processor
    /// @param servers what stands in the block `http`
    public static TestProcess start(String name, Path parent, int port, int workers, String servers) {
        Path folder = parent.resolve(name);
        Path configuration = folder.resolve("nginx.conf");
        // Workers that root's nginx gives to another user could not reach sockets in the test's folder.
        String user = System.getProperty("user.name").equals("root") ? "user root;" : "";
        try {
            Files.createDirectories(folder);
            Files.writeString(configuration, """
                    daemon off;
                    %3$s
                    worker_processes %4$s;
                    pid %1$s/nginx.pid;
                    error_log stderr warn;
                    events { worker_connections 4096; }
                    http {
                        access_log off;
                        client_body_temp_path %1$s/body;
                        proxy_temp_path %1$s/proxy;
                        fastcgi_temp_path %1$s/fastcgi;
                        uwsgi_temp_path %1$s/uwsgi;
                        scgi_temp_path %1$s/scgi;
                        %2$s
                    }
                    """.formatted(
                            folder, servers, user, workers == 0 ? "auto" : Integer.toString(workers)));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        List<String> command = List.of(binary(), "-p", folder.toString(), "-c", configuration.toString());
        TestProcess nginx = TestProcess.start(name, folder, Map.of(), command);
        try {
            return nginx.awaitPort(port);
        } catch (AssertionError failure) {
            nginx.close();
            throw failure;
        }
    }
}
