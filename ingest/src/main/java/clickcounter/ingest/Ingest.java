package clickcounter.ingest;

import clickcounter.shared.Lifetime;
import clickcounter.shared.admin.AdminServer;
import clickcounter.shared.admin.Readiness;
import clickcounter.shared.http.HealthCheck;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogUnavailable.Reason;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.http.HttpRouting;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running ingest: clicks go into the log, the health check is answered, everything else goes on to query.
public final class Ingest implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Ingest.class);

    /// What is open, the latest first.
    private final Deque<Runnable> closers = new ArrayDeque<>();

    private final AdminServer admin;
    private final HttpListener listener;

    private Ingest(IngestSettings settings, Lifetime lifetime) {
        try {
            var readiness = new Readiness("log", "disk");
            var metrics = new PrometheusRegistry();
            admin = AdminServer.start(settings.admin(), readiness, metrics);
            closers.push(admin::close);
            var writer = ClickWriter.open(settings.log(), lifetime);
            closers.push(writer::close);
            readiness.prove("log", () -> logProblem(writer));
            readiness.prove("disk", () -> diskProblem(writer));
            var refusals = RefusalReport.start("clicks", lifetime);
            closers.push(refusals::close);
            var forwarder = new QueryForwarder(settings.query());
            closers.push(forwarder::close);

            var clickMetrics = new ClickMetrics(writer, metrics);
            List<ClickLoop> loops = new ArrayList<>();
            closers.push(() -> loops.forEach(ClickLoop::close));
            var routing = HttpRouting.builder()
                    .addFilter(new ClickFilter(writer, clickMetrics, refusals))
                    .get(HealthCheck.PATH, (_, response) -> HealthCheck.send(response))
                    .head(HealthCheck.PATH, (_, response) -> HealthCheck.sendHead(response))
                    .any(forwarder);
            listener =
                    HttpListener.start(settings.http(), routing, MediaContext.create(), metrics, (helidon, frame) -> {
                        for (int number = 1; number <= settings.threads(); number++) {
                            loops.add(ClickLoop.start("clicks-" + number, writer, clickMetrics, frame, lifetime));
                        }
                        return new ClickConnections(List.copyOf(loops), helidon);
                    });
            closers.push(() -> logger.info("answers by status: {}", listener.answers()));
            closers.push(listener::close);
            closers.push(listener::drain);
            // They would go on for ever.
            closers.push(forwarder::endStreams);
            closers.push(readiness::stopping);
            readiness.started();
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

    private static @Nullable String logProblem(ClickWriter writer) {
        Reason reason = writer.refusalReason();
        return reason == null || reason == Reason.DISK_FULL ? null : reason.sentence();
    }

    private static @Nullable String diskProblem(ClickWriter writer) {
        return writer.refusalReason() == Reason.DISK_FULL ? Reason.DISK_FULL.sentence() : null;
    }

    /// The port that it listens on.
    public int port() {
        return listener.port();
    }

    /// The port where it answers operators.
    public int adminPort() {
        return admin.port();
    }

    /// Takes leave of the clients, lets running requests finish, then forces the log to the disk and closes it.
    @Override
    public void close() {
        while (!closers.isEmpty()) {
            closers.pop().run();
        }
    }
}
