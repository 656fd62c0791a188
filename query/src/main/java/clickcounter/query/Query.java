package clickcounter.query;

import clickcounter.counts.BannerCounts;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseProbe;
import clickcounter.query.dashboard.Dashboard;
import clickcounter.query.http.AllowedMethods;
import clickcounter.query.http.ClientWatch;
import clickcounter.query.http.CrossOrigin;
import clickcounter.query.http.JsonBody;
import clickcounter.query.http.StaticFile;
import clickcounter.query.http.TokenCheck;
import clickcounter.query.live.LiveHandler;
import clickcounter.query.live.LiveStream;
import clickcounter.query.statistics.Statistics;
import clickcounter.query.statistics.StatisticsHandler;
import clickcounter.query.tail.LogTail;
import clickcounter.query.tail.PositionPoller;
import clickcounter.shared.Lifetime;
import clickcounter.shared.Opened;
import clickcounter.shared.admin.AdminServer;
import clickcounter.shared.admin.Readiness;
import clickcounter.shared.clock.HostClock;
import clickcounter.shared.http.HealthCheck;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.log.ClickReader;
import io.helidon.http.Header;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running query process: statistics over HTTP, from the database and the log.
public final class Query implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Query.class);
    private static final String PROCESS = "click-counter-query";

    /// The path of the description of the API, which is written by hand; a test compares it with the server.
    public static final String OPEN_API = "/openapi.yaml";

    private static final Duration MAX_LIVE_WRITE = Duration.ofSeconds(5);
    private static final Duration MAX_SEND = Duration.ofMinutes(1);

    /// Browsers must believe the content type, show no answer in the frame of another site, and not tell other
    /// sites which page they come from.
    private static final List<Header> PROTECTION = List.of(
            HeaderValues.createCached("X-Content-Type-Options", "nosniff"),
            HeaderValues.createCached("X-Frame-Options", "DENY"),
            HeaderValues.createCached("Referrer-Policy", "no-referrer"));

    private final Opened opened = new Opened();

    private final AdminServer admin;
    private final HttpListener listener;

    private Query(QuerySettings settings, Lifetime lifetime) throws SQLException {
        try {
            var readiness = new Readiness("log", "database", "schema", "lag");
            var metrics = new PrometheusRegistry();
            admin = opened.add(AdminServer.start(settings.admin(), readiness, metrics, lifetime));
            HostClock clock =
                    opened.add(HostClock.start(settings.logFolder(), lifetime)).expose(metrics);
            int poolSize = settings.database().poolSize();
            var database = opened.add(Database.connect(settings.database(), PROCESS, poolSize, lifetime));

            var reader = opened.add(ClickReader.open(settings.logFolder()));
            // Whether the database answers must be known even while questions have all other connections.
            var probe = opened.add(new DatabaseProbe(settings.database(), PROCESS + "-position"));
            var counts = new BannerCounts(database, probe, poolSize, reader.logId());
            var tail = opened.add(LogTail.start(reader, counts.position(), settings.maxKept(), lifetime));
            readiness.prove("log", tail::logProblem);
            readiness.prove("lag", tail::lagProblem);
            var poller = opened.add(PositionPoller.start(probe, counts, tail, lifetime));
            readiness.prove("database", poller::databaseProblem);
            readiness.prove("schema", poller::schemaProblem);
            var statistics = new Statistics(counts, tail, settings.maxRows(), settings.maxWait(), clock);
            if (statistics.maxRows() < settings.maxRows()) {
                logger.warn(
                        "STATS_MAX_ROWS is {}, but the memory of this process suffices only for answers of {} rows; "
                                + "see -Xmx in config/jvm/query.options",
                        settings.maxRows(),
                        statistics.maxRows());
            }
            var refusals = opened.add(RefusalReport.start("requests for statistics", lifetime));

            var clients = opened.add(ClientWatch.start(lifetime));
            var handler = new StatisticsHandler(statistics, poolSize, MAX_SEND, refusals, clients);
            var live = opened.add(LiveStream.start(
                    ClickReader.open(settings.logFolder()),
                    tail,
                    handler::clicksOfMinute,
                    MAX_LIVE_WRITE,
                    clock,
                    lifetime));
            QueryMetrics.register(database, tail, handler, metrics);
            listener = HttpListener.start(
                    settings.http(),
                    routing(settings, handler, new LiveHandler(live)),
                    JsonBody.mediaContext(),
                    metrics);
            readiness.livesWhile(listener::problem);
            opened.onClose(() -> logger.info("answers by status: {}", listener.answers()));
            opened.add(listener);
            opened.onClose(listener::drain);
            // Live answers would never end by themselves.
            opened.onClose(live::end);
            opened.onClose(readiness::stopping);
            readiness.started();
        } catch (SQLException | RuntimeException failure) {
            opened.closeAfter(failure);
            throw failure;
        }
    }

    /// Returns when the process answers requests.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] if the database cannot be used or has another schema, if
    /// the log cannot be opened, or if the port is taken.
    public static Query start(QuerySettings settings, Lifetime lifetime) throws SQLException {
        return new Query(settings, lifetime);
    }

    private static HttpRouting.Builder routing(QuerySettings settings, StatisticsHandler statistics, LiveHandler live) {
        HttpRouting.Builder routing = HttpRouting.builder().addFilter(Query::protectBrowsers);
        routing.any(TokenCheck.PATHS, new CrossOrigin(settings.origins()));
        settings.token().ifPresent(token -> routing.any(TokenCheck.PATHS, new TokenCheck(token)));
        statistics.setup(routing);
        return routing.any(LiveHandler.PATH, new AllowedMethods("GET", live))
                .any(OPEN_API, StaticFile.of(Query.class, "openapi.yaml").handler())
                .any(HealthCheck.PATH, new AllowedMethods(AllowedMethods.GET_AND_HEAD, HealthCheck::send))
                .register(new Dashboard())
                .any(Query::answerUnknownPath);
    }

    private static void protectBrowsers(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        PROTECTION.forEach(response::header);
        chain.proceed();
    }

    private static void answerUnknownPath(ServerRequest request, ServerResponse response) {
        new Problem(
                        Status.NOT_FOUND_404,
                        "There is nothing at the path %s."
                                .formatted(Problem.quote(
                                        request.prologue().uriPath().rawPath())))
                .send(request, response);
    }

    /// Returns the port for clients.
    public int port() {
        return listener.port();
    }

    /// Returns the port for operators.
    public int adminPort() {
        return admin.port();
    }

    /// Ends live streams, lets other requests finish, then closes everything.
    @Override
    public void close() {
        opened.close();
    }
}
