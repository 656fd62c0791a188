package clickcounter.query;

import clickcounter.counts.BannerCounts;
import clickcounter.migrations.Database;
import clickcounter.query.content.StaticFile;
import clickcounter.query.dashboard.Dashboard;
import clickcounter.shared.Lifetime;
import clickcounter.shared.admin.AdminServer;
import clickcounter.shared.admin.Readiness;
import clickcounter.shared.http.HealthCheck;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.log.ClickReader;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running query: statistics over HTTP from the database and the log.
public final class Query implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Query.class);
    private static final String PROCESS = "click-counter-query";

    /// The description of the API, which is kept by hand; a test holds it against the server.
    static final String OPEN_API = "/openapi.yaml";

    private static final Duration LONGEST_LIVE_WRITE = Duration.ofSeconds(5);

    private static final List<Header> PROTECTION = List.of(
            HeaderValues.createCached("X-Content-Type-Options", "nosniff"),
            HeaderValues.createCached("X-Frame-Options", "DENY"),
            HeaderValues.createCached("Referrer-Policy", "no-referrer"));

    /// What is open, the latest first.
    private final Deque<Runnable> closers = new ArrayDeque<>();

    private final AdminServer admin;
    private final HttpListener listener;

    private Query(QuerySettings settings, Lifetime lifetime) throws SQLException {
        try {
            var readiness = new Readiness("log", "database", "schema", "lag");
            var metrics = new PrometheusRegistry();
            admin = AdminServer.start(settings.admin(), readiness, metrics);
            closers.push(admin::close);
            int poolSize = settings.database().poolSize();
            var database = Database.connect(settings.database(), PROCESS, poolSize);
            closers.push(database::close);

            var reader = ClickReader.open(settings.logFolder());
            closers.push(reader::close);
            var counts = new BannerCounts(database, poolSize, reader.logId(), settings.maxRows());
            var tail = LogTail.start(reader, counts.position(), settings.maxKept(), lifetime);
            closers.push(tail::close);
            readiness.prove("log", tail::logProblem);
            readiness.prove("lag", tail::lagProblem);
            var poller = PositionPoller.start(database, counts, tail, lifetime);
            closers.push(poller::close);
            readiness.prove("database", poller::databaseProblem);
            readiness.prove("schema", poller::schemaProblem);
            QueryMetrics.register(database, tail, metrics);

            var statistics = new Statistics(counts, tail, settings.maxRows(), settings.maxWait());
            var refusals = RefusalReport.start("requests for statistics", lifetime);
            closers.push(refusals::close);

            var live = LiveStream.start(
                    ClickReader.open(settings.logFolder()), tail, statistics, LONGEST_LIVE_WRITE, lifetime);
            closers.push(live::close);

            listener = HttpListener.start(
                    settings.http(),
                    routing(settings, new StatisticsHandler(statistics, refusals), new LiveHandler(live)),
                    StatisticsJson.mediaContext(),
                    metrics);
            closers.push(() -> logger.info("answers by status: {}", listener.answers()));
            closers.push(listener::close);
            closers.push(listener::drain);
            // They would go on for ever.
            closers.push(live::end);
            closers.push(readiness::stopping);
            readiness.started();
        } catch (SQLException | RuntimeException failure) {
            close();
            throw failure;
        }
    }

    /// Returns when requests are answered.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] when the database cannot be used or has another schema,
    /// when the log cannot be opened, or when the port is taken.
    public static Query start(QuerySettings settings, Lifetime lifetime) throws SQLException {
        return new Query(settings, lifetime);
    }

    private static HttpRouting.Builder routing(QuerySettings settings, StatisticsHandler statistics, LiveHandler live) {
        HttpRouting.Builder routing = HttpRouting.builder().addFilter(Query::protectBrowsers);
        settings.token().ifPresent(token -> routing.any(TokenCheck.PATHS, new TokenCheck(token)));
        statistics.setup(routing);
        for (String path : StatisticsHandler.PATHS) {
            routing.any(path, only(StatisticsHandler.METHODS));
        }
        var openApi = StaticFile.of(Query.class, "openapi.yaml");
        Handler sendOpenApi = (request, response) -> openApi.send(request, response, StaticFile.REVALIDATE);
        routing.get(OPEN_API, sendOpenApi).head(OPEN_API, sendOpenApi).any(OPEN_API, only("GET, HEAD"));
        routing.get(LiveHandler.PATH, live).any(LiveHandler.PATH, only("GET"));
        return routing.get(HealthCheck.PATH, (_, response) -> HealthCheck.send(response))
                .head(HealthCheck.PATH, (_, response) -> HealthCheck.sendHead(response))
                .any(HealthCheck.PATH, only("GET, HEAD"))
                .register(new Dashboard())
                .any(Query::answerUnknownPath);
    }

    /// An answer is what its type says, is shown in no other site's frame, and tells other sites nothing.
    private static void protectBrowsers(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        PROTECTION.forEach(response::header);
        chain.proceed();
    }

    private static Handler only(String methods) {
        return (request, response) -> {
            response.header(HeaderNames.ALLOW, methods);
            new Problem(
                            Status.METHOD_NOT_ALLOWED_405,
                            "The method %s is not allowed here; use %s."
                                    .formatted(
                                            Problem.quote(
                                                    request.prologue().method().text()),
                                            methods))
                    .send(request, response);
        };
    }

    private static void answerUnknownPath(ServerRequest request, ServerResponse response) {
        new Problem(
                        Status.NOT_FOUND_404,
                        "There is nothing at the path %s."
                                .formatted(Problem.quote(
                                        request.prologue().uriPath().rawPath())))
                .send(request, response);
    }

    /// The port that it listens on.
    public int port() {
        return listener.port();
    }

    /// The port where it answers operators.
    public int adminPort() {
        return admin.port();
    }

    /// Takes leave of the clients, lets running requests finish, then closes everything.
    @Override
    public void close() {
        while (!closers.isEmpty()) {
            closers.pop().run();
        }
    }
}
