package clickcounter.shared.admin;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Json;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.ProcessMain;
import clickcounter.shared.admin.Readiness.Finding;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.Problem;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmGarbageCollectorMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmRuntimeInfoMetric;
import io.prometheus.metrics.instrumentation.jvm.JvmThreadsMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The server for operators and their tools, on a port of its own that is not public:
/// - `/livez` answers 200 while the process can do its work at all; else it must be started again;
/// - `/readyz` answers 200 if all checks hold, else 503, with the result of each check as JSON;
/// - `/metrics` answers with the metrics of the process in Prometheus' text format 0.0.4.
///
/// A process that is not alive for a while is ended, so that whatever keeps it running starts it again.
///
/// A process opens this server first and closes it last, so that it can also tell why the process does not become
/// ready, and that it is stopping.
public final class AdminServer implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(AdminServer.class);
    private static final Duration LIFE_CHECK_PAUSE = Duration.ofSeconds(5);

    /// After a pause of the whole process, its threads must have time to come round again.
    private static final int MAX_LIFELESS_CHECKS = 3;

    private static final Header METRICS_TYPE =
            HeaderValues.createCached(HeaderNames.CONTENT_TYPE, PrometheusTextFormatWriter.CONTENT_TYPE);

    private final Readiness readiness;
    private final PrometheusRegistry metrics;
    private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
    private final Lifetime lifetime;
    private final HttpListener listener;
    private final PeriodicTask lifeWatch;
    private int lifelessChecks;
    private volatile @Nullable String lifeProblem;

    private AdminServer(AdminSettings settings, Readiness readiness, PrometheusRegistry metrics, Lifetime lifetime) {
        this.readiness = readiness;
        this.lifetime = lifetime;
        this.metrics = metrics;
        registerCommonMetrics();
        var routing = HttpRouting.builder()
                .get("/livez", (_, response) -> sendLiveness(response))
                .get("/readyz", (_, response) -> sendReadiness(response))
                .get("/metrics", (_, response) -> sendMetrics(response))
                .any(AdminServer::answerUnknownPath);
        // The server's own requests are not worth a metric.
        listener = HttpListener.start(settings.http(), routing, MediaContext.create(), new PrometheusRegistry());
        lifeWatch = PeriodicTask.start("life", LIFE_CHECK_PAUSE, lifetime, this::watchLife);
        logger.info("health and metrics are on http://{}:{}/readyz and /metrics", settings.address(), port());
    }

    /// Adds the metrics that all processes have to `metrics`, and starts the server.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] if the port is in use.
    public static AdminServer start(
            AdminSettings settings, Readiness readiness, PrometheusRegistry metrics, Lifetime lifetime) {
        return new AdminServer(settings, readiness, metrics, lifetime);
    }

    public int port() {
        return listener.port();
    }

    private void registerCommonMetrics() {
        Info.builder()
                .name("clickcounter_build_info")
                .help("The release that is running.")
                .labelNames("version")
                .register(metrics)
                .setLabelValues(ProcessMain.version());
        GaugeWithCallback.builder()
                .name("clickcounter_ready")
                .help("Whether the check of /readyz holds: 1 or 0.")
                .labelNames("check")
                .callback(gauge ->
                        readiness.findings().forEach(finding -> gauge.call(finding.isOk() ? 1 : 0, finding.check())))
                .register(metrics);
        JvmGarbageCollectorMetrics.builder().register(metrics);
        JvmMemoryMetrics.builder().register(metrics);
        JvmRuntimeInfoMetric.builder().register(metrics);
        JvmThreadsMetrics.builder().register(metrics);
        ProcessMetrics.builder().register(metrics);
    }

    private void watchLife() {
        String problem = readiness.lifeProblem();
        lifeProblem = problem == null ? listener.problem() : problem;
        lifelessChecks = lifeProblem == null ? 0 : lifelessChecks + 1;
        if (lifelessChecks == MAX_LIFELESS_CHECKS) {
            lifetime.end(ExitCode.UNEXPECTED, "The process must start again: " + lifeProblem);
        }
    }

    private void sendLiveness(ServerResponse response) {
        String problem = lifeProblem;
        if (problem == null) {
            sendJson("{\"alive\":true}", response);
        } else {
            response.status(Status.SERVICE_UNAVAILABLE_503);
            sendJson("{\"alive\":false,\"problem\":\"%s\"}".formatted(Json.escape(problem)), response);
        }
    }

    private void sendReadiness(ServerResponse response) {
        List<Finding> findings = readiness.findings();
        boolean isReady = findings.stream().allMatch(Finding::isOk);
        String checks = findings.stream().map(AdminServer::json).collect(Collectors.joining(","));
        response.status(isReady ? Status.OK_200 : Status.SERVICE_UNAVAILABLE_503);
        sendJson("{\"ready\":%s,\"checks\":{%s}}".formatted(isReady, checks), response);
    }

    private static String json(Finding finding) {
        return finding.problem() == null
                ? "\"%s\":{\"ok\":true}".formatted(finding.check())
                : "\"%s\":{\"ok\":false,\"problem\":\"%s\"}".formatted(finding.check(), Json.escape(finding.problem()));
    }

    private void sendMetrics(ServerResponse response) throws IOException {
        var text = new ByteArrayOutputStream();
        writer.write(text, metrics.scrape());
        response.header(METRICS_TYPE);
        response.header(Problem.NO_STORE);
        response.send(text.toByteArray());
    }

    private static void sendJson(String body, ServerResponse response) {
        response.header(HeaderValues.CONTENT_TYPE_JSON);
        response.header(Problem.NO_STORE);
        response.send(body.getBytes(StandardCharsets.UTF_8));
    }

    private static void answerUnknownPath(ServerRequest request, ServerResponse response) {
        new Problem(
                        Status.NOT_FOUND_404,
                        "There is nothing at %s; there are GET /livez, /readyz and /metrics."
                                .formatted(Problem.quote(
                                        request.prologue().uriPath().rawPath())))
                .send(request, response);
    }

    @Override
    public void close() {
        lifeWatch.close();
        listener.close();
    }
}
