package clickcounter.aggregator;

import clickcounter.counts.Counts;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/// Metrics of the flushes of this process.
///
/// **Threads**: any.
final class FlushMetrics {
    private static final double SECONDS_PER_NANO = 1e-9;

    private final Histogram durations;
    private final Counter clicks;
    private final Counter rows;
    private final Counter failures;

    FlushMetrics(PrometheusRegistry metrics) {
        durations = Histogram.builder()
                .name("clickcounter_flush_duration_seconds")
                .help("Time from the first attempt of a flush to its commit.")
                .classicOnly()
                .classicUpperBounds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
                .register(metrics);
        clicks = Counter.builder()
                .name("clickcounter_clicks_committed_total")
                .help("Clicks in the rows that this process has committed to the database.")
                .register(metrics);
        rows = Counter.builder()
                .name("clickcounter_flush_rows_total")
                .help("Rows (one for each banner and minute) that this process has committed to the database.")
                .register(metrics);
        failures = Counter.builder()
                .name("clickcounter_flush_failures_total")
                .help("Attempts to flush that the database has not taken; each is repeated.")
                .register(metrics);
    }

    void committed(Counts counts, long clickCount, long durationNs) {
        durations.observe((double) durationNs * SECONDS_PER_NANO);
        clicks.inc(clickCount);
        rows.inc(counts.size());
    }

    void failed() {
        failures.inc();
    }
}
