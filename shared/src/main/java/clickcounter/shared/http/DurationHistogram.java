package clickcounter.shared.http;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/// How many times something took how long, in the buckets of a Prometheus histogram.
///
/// The client library's own histogram does the same with five atomic operations where this takes two, which a
/// click would notice.
///
/// **Threads**: any.
final class DurationHistogram {
    /// From what a click takes to what a client waits for at most.
    private static final long[] BOUNDS_NS = {
        25_000,
        50_000,
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000,
        25_000_000,
        50_000_000,
        100_000_000,
        250_000_000,
        500_000_000,
        1_000_000_000,
        2_500_000_000L,
        5_000_000_000L,
        10_000_000_000L
    };

    private static final double NANOS_PER_SECOND = 1e9;

    /// The last one has what is beyond all bounds.
    private final LongAdder[] counts = new LongAdder[BOUNDS_NS.length + 1];

    private final LongAdder sumNs = new LongAdder();

    DurationHistogram() {
        Arrays.setAll(counts, _ -> new LongAdder());
    }

    /// **Cost**: no allocation; two additions, and a comparison for each bound that is exceeded.
    void record(long durationNs) {
        int bucket = 0;
        while (bucket < BOUNDS_NS.length && durationNs > BOUNDS_NS[bucket]) {
            bucket++;
        }
        counts[bucket].increment();
        sumNs.add(durationNs);
    }

    long count() {
        return Arrays.stream(counts).mapToLong(LongAdder::sum).sum();
    }

    /// As the exposition formats want it: in seconds.
    HistogramDataPointSnapshot snapshot(Labels labels) {
        var buckets = ClassicHistogramBuckets.builder();
        for (int bucket = 0; bucket < counts.length; bucket++) {
            double bound = bucket < BOUNDS_NS.length ? BOUNDS_NS[bucket] / NANOS_PER_SECOND : Double.POSITIVE_INFINITY;
            buckets.bucket(bound, counts[bucket].sum());
        }
        return HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(buckets.build())
                .sum(sumNs.sum() / NANOS_PER_SECOND)
                .build();
    }
}
