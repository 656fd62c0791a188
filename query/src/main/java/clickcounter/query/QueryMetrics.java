package clickcounter.query;

import clickcounter.migrations.Database;
import clickcounter.migrations.Database.Connections;
import clickcounter.query.statistics.StatisticsHandler;
import clickcounter.query.tail.LogTail;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// Metrics of what query answers with, and of the questions that wait for an answer.
final class QueryMetrics {
    private QueryMetrics() {}

    static void register(Database database, LogTail tail, StatisticsHandler statistics, PrometheusRegistry metrics) {
        GaugeWithCallback.builder()
                .name("clickcounter_kept_clicks")
                .help("Clicks kept in memory because the database may not have them.")
                .callback(gauge -> gauge.call(tail.keptClicks()))
                .register(metrics);
        GaugeWithCallback.builder()
                .name("clickcounter_waiting_questions")
                .help("Questions about statistics that wait until others are answered.")
                .callback(gauge -> gauge.call(statistics.waitingQuestions()))
                .register(metrics);
        GaugeWithCallback.builder()
                .name("clickcounter_database_connections")
                .help("Connections of the pool by state; waiting is the number of threads that wait for one.")
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
