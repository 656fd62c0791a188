package clickcounter.shared.http;

import io.helidon.http.Status;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// Counts a server's answers by status, and how long they took.
///
/// **Threads**: any.
final class RequestMetrics {
    /// From what a click takes to what a client waits for at most.
    private static final double[] BOUNDS_SECONDS = {
        25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
    };

    private static final double SECONDS_PER_NANO = 1e-9;
    private static final int STATUSES = 600;

    private final Histogram durations;
    private final Counter unreadable;

    /// The data points by status code, so that nothing is looked up for a request. Whoever finds none puts in
    /// the one that all others would put in, too.
    private final @Nullable DistributionDataPoint[] durationsByStatus = new DistributionDataPoint[STATUSES];

    RequestMetrics(PrometheusRegistry metrics) {
        durations = Histogram.builder()
                .name("clickcounter_http_request_duration_seconds")
                .help("Time from the end of a request's head to the end of its answer.")
                .labelNames("status")
                .classicOnly()
                .classicUpperBounds(BOUNDS_SECONDS)
                .withoutExemplars()
                .register(metrics);
        unreadable = Counter.builder()
                .name("clickcounter_http_unreadable_requests_total")
                .help("Requests that are no proper HTTP or too long, by the status of their answer.")
                .labelNames("status")
                .register(metrics);
    }

    /// **Cost**: no allocation, after the first answer of a status.
    void answered(Status status, long durationNs) {
        int code = status.code();
        if (code >= STATUSES) {
            return;
        }
        DistributionDataPoint point = durationsByStatus[code];
        if (point == null) {
            point = durations.labelValues(Integer.toString(code));
            durationsByStatus[code] = point;
        }
        point.observe((double) durationNs * SECONDS_PER_NANO);
    }

    /// How many answers there were of each status: `5 × 204, 1 × 400`; `none` when there were none.
    String summary() {
        var parts = new StringJoiner(", ").setEmptyValue("none");
        for (int code = 0; code < STATUSES; code++) {
            DistributionDataPoint point = durationsByStatus[code];
            if (point != null) {
                parts.add("%d × %d".formatted(point.getCount(), code));
            }
        }
        return parts.toString();
    }

    void answeredUnreadable(Status status) {
        unreadable.labelValues(Integer.toString(status.code())).inc();
    }
}
