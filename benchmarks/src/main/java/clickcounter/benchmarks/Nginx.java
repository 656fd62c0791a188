package clickcounter.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// nginx as a reference and as a reverse proxy, with a configuration of its own.
final class Nginx {
    private Nginx() {}

    /// Its version, or "not installed".
    static String version() throws IOException {
        try {
            Process process =
                    new ProcessBuilder("nginx", "-v").redirectErrorStream(true).start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException notInstalled) {
            return "not installed";
        }
    }

    static boolean isInstalled() throws IOException {
        return !version().equals("not installed");
    }

    /// A server that answers an empty 204 on a TCP port and on a Unix domain socket in `folder`.
    static ServerProcess returning204(Path folder, int port) throws IOException {
        ServerProcess server = start("nginx-204", folder, """
                server {
                    listen 127.0.0.1:%d;
                    listen unix:%s;
                    return 204;
                }
                """.formatted(port, folder.resolve("204.sock")));
        server.awaitPort(port);
        return server;
    }

    /// A reverse proxy on `port` with the product's own configuration file, before other upstream servers.
    ///
    /// @param ingest an upstream address, such as `unix:/…` or `127.0.0.1:3000`
    static ServerProcess proxy(String name, Path folder, int port, String ingest) throws IOException {
        String shipped = Files.readString(Path.of("config", "nginx.conf"));
        String configured = shipped.replaceAll("listen \\[::]:80;", "")
                .replace("listen 80;", "listen 127.0.0.1:%d;".formatted(port))
                .replaceAll("\n    server 127.0.0.1:3000 [^;]+;", "")
                .replace("unix:/run/click-counter/ingest.sock", ingest);
        ServerProcess server = start(name, folder, configured);
        server.awaitPort(port);
        return server;
    }

    private static ServerProcess start(String name, Path parent, String configuration) throws IOException {
        Path folder = Files.createDirectories(parent.resolve(name));
        Path file = folder.resolve("nginx.conf");
        Files.writeString(file, mainConfiguration(folder, configuration));
        return ServerProcess.start(
                name, folder, Map.of(), List.of("nginx", "-p", folder.toString(), "-c", file.toString()));
    }

    private static String mainConfiguration(Path folder, String servers) {
        return """
                daemon off;
                %3$s
                worker_processes auto;
                pid %1$s/nginx.pid;
                error_log stderr warn;
                events { worker_connections 4096; }
                http {
                    access_log off;
                    keepalive_requests 1000000000;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    %2$s
                }
                """.formatted(folder, servers, user());
    }

    /// Workers that root's nginx gives to somebody else could not reach sockets in a private folder.
    private static String user() {
        return System.getProperty("user.name").equals("root") ? "user root;" : "";
    }
}
