package clickcounter.ingest;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/// Counts the connections to the public port, and why they were closed.
///
/// **Threads**: any.
final class ConnectionMetrics {
    /// Why a connection was closed.
    enum Closed {
        BY_CLIENT,
        /// After the last answer, or because the process stops.
        BY_US,
        /// It was idle for too long.
        IDLE,
        /// Its request took too long to arrive, or its client too long to take an answer.
        SLOW,
        /// There were too many connections, and it had waited for its client longest.
        TOO_MANY,
        /// Too many bytes were kept.
        TOO_MANY_BYTES
    }

    private final LongAdder opened = new LongAdder();
    private final Map<Closed, LongAdder> closed = new EnumMap<>(Closed.class);

    ConnectionMetrics(PrometheusRegistry metrics) {
        for (Closed why : Closed.values()) {
            closed.put(why, new LongAdder());
        }
        GaugeWithCallback.builder()
                .name("clickcounter_connections")
                .help("Connections to the public port and the socket.")
                .callback(gauge -> gauge.call((double) open()))
                .register(metrics);
        CounterWithCallback.builder()
                .name("clickcounter_connections_closed_total")
                .help("Connections to the public port and the socket that were closed, by reason.")
                .labelNames("reason")
                .callback(counter -> closed.forEach((why, connections) ->
                        counter.call((double) connections.sum(), why.name().toLowerCase(Locale.ROOT))))
                .register(metrics);
    }

    private long open() {
        return opened.sum() - closed.values().stream().mapToLong(LongAdder::sum).sum();
    }

    void opened() {
        opened.increment();
    }

    void closed(Closed why) {
        Objects.requireNonNull(closed.get(why)).increment();
    }
}
