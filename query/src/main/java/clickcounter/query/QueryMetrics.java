package clickcounter.query;

import clickcounter.migrations.Database;
import clickcounter.migrations.Database.Connections;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// What query has at hand to answer with.
final class QueryMetrics {
    private QueryMetrics() {}

    static void register(Database database, LogTail tail, PrometheusRegistry metrics) {
        GaugeWithCallback.builder()
                .name("clickcounter_kept_clicks")
                .help("Clicks that are kept in memory because the database may not have them.")
                .callback(gauge -> gauge.call(tail.keptClicks()))
                .register(metrics);
        GaugeWithCallback.builder()
                .name("clickcounter_database_connections")
                .help("Connections of the pool by what they do; for waiting: threads that wait for one.")
                .labelNames("state")
                .callback(gauge -> {
                    Connections seen = database.connections();
                    gauge.call(seen.inUse(), "in_use");
                    gauge.call(seen.idle(), "idle");
                    gauge.call(seen.waiting(), "waiting");
                })
                .register(metrics);
    }
}
