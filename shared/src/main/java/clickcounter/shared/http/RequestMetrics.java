package clickcounter.shared.http;

import io.helidon.http.Status;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.StringJoiner;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Counts a server's answers and measures how long they take, by status.
///
/// **Threads**: any.
final class RequestMetrics {
    private static final int STATUSES = 600;

    private final Counter unreadable;

    /// The histogram of each status code, at the code's own index, so that a request needs no lookup.
    private final AtomicReferenceArray<@Nullable DurationHistogram> durations = new AtomicReferenceArray<>(STATUSES);

    RequestMetrics(PrometheusRegistry metrics) {
        metrics.register((Collector) this::durations);
        unreadable = Counter.builder()
                .name("clickcounter_http_unreadable_requests_total")
                .help("Requests that are no proper HTTP or too long, by the status of their answer.")
                .labelNames("status")
                .register(metrics);
    }

    /// **Cost**: no allocation after the first answer of a status.
    void answered(Status status, long durationNs) {
        int code = status.code();
        if (code >= STATUSES) {
            return;
        }
        DurationHistogram histogram = durations.get(code);
        if (histogram == null) {
            durations.compareAndSet(code, null, new DurationHistogram());
            histogram = durations.get(code);
        }
        histogram.record(durationNs);
    }

    private HistogramSnapshot durations() {
        var snapshot = HistogramSnapshot.builder()
                .name("clickcounter_http_request_duration_seconds")
                .help("Time from the end of a request's head to the end of its answer.");
        for (int code = 0; code < STATUSES; code++) {
            DurationHistogram histogram = durations.get(code);
            if (histogram != null) {
                snapshot.dataPoint(histogram.snapshot(Labels.of("status", Integer.toString(code))));
            }
        }
        return snapshot.build();
    }

    /// Returns how many answers of each status there were: `5 × 204, 1 × 400`, or `none` if there were none.
    String summary() {
        var parts = new StringJoiner(", ").setEmptyValue("none");
        for (int code = 0; code < STATUSES; code++) {
            DurationHistogram histogram = durations.get(code);
            if (histogram != null) {
                parts.add("%d × %d".formatted(histogram.count(), code));
            }
        }
        return parts.toString();
    }

    void answeredUnreadable(Status status) {
        unreadable.labelValues(Integer.toString(status.code())).inc();
    }
}
