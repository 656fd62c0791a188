package clickcounter.shared.http;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.LongStream;

/// Counts durations in the buckets of a Prometheus histogram.
///
/// The histogram of the client library needs five atomic operations for a duration, this one two; the difference
/// would slow clicks down.
///
/// **Threads**: any.
final class DurationHistogram {
    /// The upper bounds of the buckets, from what a click takes to the longest that a client waits: 25, 50 and
    /// 100 µs, then ten times each of these, and so on up to 10 s.
    private static final long[] BOUNDS_NS = LongStream.iterate(25_000, first -> first * 10)
            .limit(6)
            .flatMap(first -> LongStream.of(first, 2 * first, 4 * first))
            .toArray();

    private static final double NS_PER_SECOND = 1e9;

    /// The count of each bucket; the last bucket is for durations beyond all bounds.
    private final LongAdder[] counts = new LongAdder[BOUNDS_NS.length + 1];

    private final LongAdder sumNs = new LongAdder();

    DurationHistogram() {
        Arrays.setAll(counts, _ -> new LongAdder());
    }

    /// **Cost**: two atomic additions, and a comparison for each bound that is exceeded; no allocation.
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

    /// Returns the counts as the exposition formats require them, in seconds.
    HistogramDataPointSnapshot snapshot(Labels labels) {
        var buckets = ClassicHistogramBuckets.builder();
        for (int bucket = 0; bucket < counts.length; bucket++) {
            double bound = bucket < BOUNDS_NS.length ? BOUNDS_NS[bucket] / NS_PER_SECOND : Double.POSITIVE_INFINITY;
            buckets.bucket(bound, counts[bucket].sum());
        }
        return HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(buckets.build())
                .sum(sumNs.sum() / NS_PER_SECOND)
                .build();
    }
}
