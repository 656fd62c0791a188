package clickcounter.shared.http;

import clickcounter.benchmarks.AverageTimeBenchmark;
import io.helidon.http.Status;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.concurrent.atomic.LongAdder;
import org.openjdk.jmh.annotations.Benchmark;

/// What do the metrics cost each click?
///
/// Measured: all that a click does for them, which is two looks at the clock, the count of acknowledged clicks,
/// and the histogram of its status. Not measured: the rest of the click, whose processor time `./run.sh bench
/// direct` tells.
///
/// `./run.sh jmh RequestMetricsBenchmark -prof gc`
public class RequestMetricsBenchmark extends AverageTimeBenchmark {
    private final RequestMetrics metrics = new RequestMetrics(new PrometheusRegistry());
    private final LongAdder acknowledged = new LongAdder();

    /// Records one click.
    @Benchmark
    public void click() {
        long startNs = System.nanoTime();
        acknowledged.increment();
        metrics.answered(Status.NO_CONTENT_204, System.nanoTime() - startNs);
    }
}
