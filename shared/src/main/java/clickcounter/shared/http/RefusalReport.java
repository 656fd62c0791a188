package clickcounter.shared.http;

import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Logs how many requests were answered 503, and why: one line for every ten seconds that had any.
///
/// **Threads**: any.
public final class RefusalReport implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(RefusalReport.class);
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final String refused;
    private final LongAdder refusals = new LongAdder();
    private final PeriodicTask task;
    private volatile String lastReason = "";

    private RefusalReport(String refused, Lifetime lifetime) {
        this.refused = refused;
        task = PeriodicTask.start("refusals", INTERVAL, lifetime, this::report);
    }

    /// Starts to report; `refused` is what is refused, in the plural, such as `clicks`.
    public static RefusalReport start(String refused, Lifetime lifetime) {
        return new RefusalReport(refused, lifetime);
    }

    /// Counts a request that was answered 503 for this reason.
    public void count(String reason) {
        lastReason = reason;
        refusals.increment();
    }

    private void report() {
        long count = refusals.sumThenReset();
        if (count > 0) {
            logger.warn("{} {} were answered 503 since the last such line: {}", count, refused, lastReason);
        }
    }

    @Override
    public void close() {
        task.close();
        report();
    }
}
