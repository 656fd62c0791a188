package clickcounter.ingest;

import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.log.LogUnavailable;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Says in one line per interval how many clicks the log did not take, and why.
///
/// **Threads**: any.
final class RefusalReport implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(RefusalReport.class);
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final LongAdder refusedClicks = new LongAdder();
    private final PeriodicTask task;
    private volatile String lastReason = "";

    private RefusalReport(Lifetime lifetime) {
        task = PeriodicTask.start("refusals", INTERVAL, lifetime, this::report);
    }

    static RefusalReport start(Lifetime lifetime) {
        return new RefusalReport(lifetime);
    }

    void count(LogUnavailable reason) {
        lastReason = reason.reason();
        refusedClicks.increment();
    }

    private void report() {
        long clicks = refusedClicks.sumThenReset();
        if (clicks > 0) {
            logger.warn("{} clicks were answered 503 since the last such line: {}", clicks, lastReason);
        }
    }

    @Override
    public void close() {
        task.close();
        report();
    }
}
