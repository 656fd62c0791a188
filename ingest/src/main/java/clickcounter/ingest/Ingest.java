package clickcounter.ingest;

import clickcounter.ingest.banners.BannerLimit;
import clickcounter.shared.Lifetime;
import clickcounter.shared.Opened;
import clickcounter.shared.StartFailure;
import clickcounter.shared.admin.AdminServer;
import clickcounter.shared.admin.Readiness;
import clickcounter.shared.clock.HostClock;
import clickcounter.shared.http.HealthCheck;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogUnavailable.Reason;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.http.HttpRouting;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running ingest. It appends clicks to the log, answers the health check, and forwards the rest to query.
public final class Ingest implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Ingest.class);

    private final Opened opened = new Opened();

    private final AdminServer admin;
    private final PublicPort publicPort;

    private Ingest(IngestSettings settings, ConnectionLimits limits, Lifetime lifetime) {
        try {
            var readiness = new Readiness("log", "disk", "port");
            var metrics = new PrometheusRegistry();
            admin = opened.add(AdminServer.start(settings.admin(), readiness, metrics, lifetime));
            HostClock clock = opened.add(HostClock.start(settings.log().folder(), lifetime))
                    .expose(metrics);
            var banners = opened.add(BannerLimit.open(settings.data(), settings.maxNewBanners(), metrics, lifetime));
            var writer = opened.add(ClickWriter.open(settings.log(), lifetime, banners::countedAs, clock::millis));
            banners.learn(settings.log().folder());
            readiness.prove("log", () -> logProblem(writer));
            readiness.prove("disk", () -> diskProblem(writer));
            var refusals = opened.add(RefusalReport.start("clicks", lifetime));
            var clients = new RelayedClients();
            var forwarder = opened.add(new QueryForwarder(settings.query(), clients));

            var clickMetrics = new ClickMetrics(writer, metrics);
            var connections = new ConnectionMetrics(metrics);
            var routing = HttpRouting.builder()
                    .addFilter(clients::begin)
                    .addFilter(new ClickFilter(writer, clickMetrics, refusals))
                    .get(HealthCheck.PATH, HealthCheck::send)
                    .head(HealthCheck.PATH, HealthCheck::send)
                    .any(forwarder);
            Path inside =
                    opened.add(InsideSocket.in(settings.data().resolve("run"))).path();
            Relay relay = opened.add(Relay.start(inside, settings.http(), limits, connections, clients, lifetime));
            HttpListener helidon =
                    HttpListener.startInside(inside, settings.http(), routing, MediaContext.create(), metrics);
            opened.onClose(() -> logger.info("answers by status: {}", helidon.answers()));
            opened.add(helidon);
            var parts = new ClickLoop.Parts(
                    writer,
                    clickMetrics,
                    refusals,
                    helidon.frame(),
                    connections,
                    relay,
                    PublicPort.limits(settings.http(), settings.threads(), limits),
                    lifetime);
            publicPort = opened.add(PublicPort.open(settings.http(), settings.threads(), parts));
            readiness.prove("port", publicPort::problem);
            readiness.livesWhile(() -> lifeProblem(publicPort, relay, helidon));
            opened.onClose(helidon::drain);
            // Streams would never end by themselves.
            opened.onClose(forwarder::endStreams);
            opened.onClose(readiness::stopping);
            readiness.started();
        } catch (IOException failure) {
            opened.closeAfter(failure);
            throw new StartFailure("The folder for temporary files cannot be used: %s.".formatted(failure), failure);
        } catch (RuntimeException failure) {
            opened.closeAfter(failure);
            throw failure;
        }
    }

    /// Starts ingest; returns when it takes clicks.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] if the log cannot be opened or a port is in use.
    public static Ingest start(IngestSettings settings, Lifetime lifetime) {
        return start(settings, ConnectionLimits.DEFAULT, lifetime);
    }

    /// Starts ingest with limits that tests choose.
    static Ingest start(IngestSettings settings, ConnectionLimits limits, Lifetime lifetime) {
        return new Ingest(settings, limits, lifetime);
    }

    private static @Nullable String logProblem(ClickWriter writer) {
        Reason reason = writer.refusalReason();
        return reason == null || reason == Reason.DISK_FULL ? null : reason.sentence();
    }

    private static @Nullable String diskProblem(ClickWriter writer) {
        return writer.refusalReason() == Reason.DISK_FULL ? Reason.DISK_FULL.sentence() : null;
    }

    private static @Nullable String lifeProblem(PublicPort port, Relay relay, HttpListener helidon) {
        String problem = port.problem();
        if (problem == null) {
            problem = relay.problem();
        }
        return problem == null ? helidon.problem() : problem;
    }

    public int port() {
        return publicPort.port();
    }

    /// The port on which ingest answers operators.
    public int adminPort() {
        return admin.port();
    }

    /// Lets clients go away and running requests finish, then forces the log to disk and closes it.
    @Override
    public void close() {
        opened.close();
    }
}
