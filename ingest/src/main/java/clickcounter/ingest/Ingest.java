package clickcounter.ingest;

import clickcounter.shared.Lifetime;
import clickcounter.shared.http.HealthCheck;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.log.ClickWriter;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import java.util.ArrayDeque;
import java.util.Deque;

/// The running ingest: clicks go into the log, the health check is answered, everything else goes on to query.
public final class Ingest implements AutoCloseable {
    /// What is open, the latest first.
    private final Deque<Runnable> closers = new ArrayDeque<>();

    private final WebServer server;

    private Ingest(IngestSettings settings, Lifetime lifetime) {
        try {
            var writer = ClickWriter.open(settings.log(), lifetime);
            closers.push(writer::close);
            var refusals = RefusalReport.start("clicks", lifetime);
            closers.push(refusals::close);
            var forwarder = new QueryForwarder(settings.query());
            closers.push(forwarder::close);

            var routing = HttpRouting.builder()
                    .addFilter(new ClickFilter(writer, refusals))
                    .get(HealthCheck.PATH, (_, response) -> HealthCheck.send(response))
                    .head(HealthCheck.PATH, (_, response) -> HealthCheck.sendHead(response))
                    .any(forwarder);
            server = HttpListener.start(
                    settings.http(), routing, MediaContext.create(), helidon -> new ClickConnections(writer, helidon));
            closers.push(server::stop);
        } catch (RuntimeException failure) {
            close();
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
        while (!closers.isEmpty()) {
            closers.pop().run();
        }
    }
}
