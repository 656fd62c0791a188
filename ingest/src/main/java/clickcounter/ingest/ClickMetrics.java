package clickcounter.ingest;

import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogUnavailable.Reason;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/// Counts what became of the clicks that were sent to this process.
///
/// **Threads**: any.
final class ClickMetrics {
    private final LongAdder acknowledged = new LongAdder();
    private final Map<Reason, LongAdder> refused = new EnumMap<>(Reason.class);

    ClickMetrics(ClickWriter writer, PrometheusRegistry metrics) {
        for (Reason reason : Reason.values()) {
            refused.put(reason, new LongAdder());
        }
        CounterWithCallback.builder()
                .name("clickcounter_clicks_acknowledged_total")
                .help("Clicks that this process has answered 204.")
                .callback(counter -> counter.call((double) acknowledged.sum()))
                .register(metrics);
        CounterWithCallback.builder()
                .name("clickcounter_clicks_appended_total")
                .help("Clicks that this process has appended to the log.")
                .callback(counter -> counter.call((double) writer.appendedClicks()))
                .register(metrics);
        CounterWithCallback.builder()
                .name("clickcounter_clicks_refused_total")
                .help("Clicks that this process has answered 503 because the log took none.")
                .labelNames("reason")
                .callback(counter -> refused.forEach((reason, clicks) ->
                        counter.call((double) clicks.sum(), reason.name().toLowerCase(Locale.ROOT))))
                .register(metrics);
    }

    void acknowledged(int clicks) {
        acknowledged.add(clicks);
    }

    void refused(Reason reason) {
        Objects.requireNonNull(refused.get(reason)).increment();
    }
}
