package clickcounter.shared.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBucket;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DurationHistogramTest {
    private static final Labels STATUS = Labels.of("status", "204");

    private final DurationHistogram histogram = new DurationHistogram();

    @Test
    void aBoundBelongsToTheBucketThatItEnds() {
        histogram.record(0);
        histogram.record(25_000);
        histogram.record(25_001);
        histogram.record(10_000_000_000L);
        histogram.record(10_000_000_001L);

        List<ClassicHistogramBucket> buckets =
                histogram.snapshot(STATUS).getClassicBuckets().stream().toList();
        assertThat(buckets).hasSize(19);
        assertThat(buckets.getFirst().getUpperBound()).isEqualTo(25e-6);
        assertThat(buckets.getFirst().getCount()).isEqualTo(2);
        assertThat(buckets.get(1).getUpperBound()).isEqualTo(50e-6);
        assertThat(buckets.get(1).getCount()).isEqualTo(1);
        assertThat(buckets.get(17).getUpperBound()).isEqualTo(10);
        assertThat(buckets.get(17).getCount()).isEqualTo(1);
        assertThat(buckets.getLast().getUpperBound()).isInfinite();
        assertThat(buckets.getLast().getCount()).isEqualTo(1);
    }

    @Test
    void sumsUpInSeconds() {
        histogram.record(1_500_000_000);
        histogram.record(250_000_000);

        HistogramDataPointSnapshot snapshot = histogram.snapshot(STATUS);
        assertThat(snapshot.getSum()).isEqualTo(1.75);
        assertThat(snapshot.getCount()).isEqualTo(2);
        assertThat(snapshot.getLabels().get("status")).isEqualTo("204");
        assertThat(histogram.count()).isEqualTo(2);
    }
}
