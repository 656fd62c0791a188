package clickcounter.ingest;

import clickcounter.shared.ExitCode;
import clickcounter.shared.ProcessMain;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/// Starts ingest, sends it one request of each kind, and stops. With `-XX:AOTCacheOutput=FILE`, Java writes the
/// classes that this has loaded into a file; see [ClassCache].
public final class ClassCacheMain {
    private ClassCacheMain() {}

    public static void main(String[] arguments) {
        ProcessMain.run("ingest", (settings, lifetime) -> {
            Ingest ingest = IngestMain.start(IngestSettings.read(settings), lifetime);
            useAll("http://127.0.0.1:" + ingest.port());
            lifetime.end(ExitCode.STOPPED, "the classes are loaded");
            return ingest;
        });
    }

    private static void useAll(String address) throws IOException, InterruptedException {
        // The client must speak HTTP/1.1: what a client that offers HTTP/2 sends first is no plain click.
        try (var client = HttpClient.newBuilder().version(Version.HTTP_1_1).build()) {
            send(client, address + "/v1/banners/counter/1", "GET");
            send(client, address + "/v1/banners/counter/1", "HEAD");
            send(client, address + "/v1/banners/counter/1", "POST");
            send(client, address + "/v1/banners/counter/x", "GET");
            send(client, address + "/v1/healthcheck", "GET");
            // This is a request to query, which is not running, so it is answered 503.
            send(client, address + "/v1/banners/stats/1", "POST");
        }
    }

    private static void send(HttpClient client, String address, String method)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(address))
                .method(method, method.equals("POST") ? BodyPublishers.ofString("{}") : BodyPublishers.noBody())
                .build();
        client.send(request, BodyHandlers.discarding());
    }
}
