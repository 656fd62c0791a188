package clickcounter.shared.http;

import io.helidon.http.Status;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What do the metrics cost each click?
///
/// Measured: all that a click does for them, which is two looks at the clock, the count of acknowledged clicks,
/// and the histogram of its status. Not measured: the rest of the click, whose processor time `./run.sh bench
/// direct` tells.
///
/// `./run.sh jmh RequestMetricsBenchmark -prof gc`
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RequestMetricsBenchmark {
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
