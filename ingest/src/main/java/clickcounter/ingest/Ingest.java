package clickcounter.ingest;

import clickcounter.shared.Lifetime;
import clickcounter.shared.http.HealthCheck;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.log.ClickWriter;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;

/// The running ingest: clicks go into the log, the health check is answered, everything else goes on to query.
public final class Ingest implements AutoCloseable {
    private final ClickWriter writer;
    private final RefusalReport refusals;
    private final QueryForwarder forwarder;
    private final WebServer server;

    private Ingest(IngestSettings settings, Lifetime lifetime) {
        writer = ClickWriter.open(settings.log(), lifetime);
        try {
            refusals = RefusalReport.start("clicks", lifetime);
            forwarder = new QueryForwarder(settings.query());
            var routing = HttpRouting.builder()
                    .addFilter(new ClickFilter(writer, refusals))
                    .get(HealthCheck.PATH, (_, response) -> HealthCheck.send(response))
                    .head(HealthCheck.PATH, (_, response) -> HealthCheck.sendHead(response))
                    .any(forwarder);
            server = HttpListener.start(settings.http(), routing, MediaContext.create());
        } catch (RuntimeException failure) {
            writer.close();
            throw failure;
        }
    }

    /// Returns when clicks are taken.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] when the log cannot be opened or the port is taken.
    public static Ingest start(IngestSettings settings, Lifetime lifetime) {
        return new Ingest(settings, lifetime);
    }

    /// The port that it listens on.
    public int port() {
        return server.port();
    }

    /// Lets running requests finish, then closes the log.
    @Override
    public void close() {
        server.stop();
        forwarder.close();
        refusals.close();
        writer.close();
    }
}
