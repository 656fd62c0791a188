package clickcounter.aggregator;

import clickcounter.counts.CountStore;
import clickcounter.counts.Counts;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes counts to the database exactly once, and repeats this until it succeeds.
///
/// When a connection is lost, it is unknown whether its commit has succeeded, so the position is read again. If
/// it is one flush further, under the same epoch, the commit has succeeded. If it is unchanged, the same rows are
/// written again. Anything else means that the log has another owner or that the database has another past, and
/// this process ends.
///
/// **Threads**: one.
final class Flusher {
    private static final Logger logger = LoggerFactory.getLogger(Flusher.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(2);
    private static final double NANOS_PER_SECOND = 1e9;
    private static final long REPORT_INTERVAL_NS = Duration.ofMinutes(1).toNanos();

    private final CountStore store;
    private final Histogram durations;
    private final Counter clicksCommitted;
    private final Counter rowsCommitted;
    private final Counter failures;
    private final Lifetime lifetime;
    private LogPosition position;
    private long flushedClicks;
    private long flushedRows;
    private boolean hasGivenUp;

    /// @param position the position after the take-over
    Flusher(CountStore store, LogPosition position, PrometheusRegistry metrics, Lifetime lifetime) {
        this.store = store;
        this.position = position;
        this.lifetime = lifetime;
        durations = Histogram.builder()
                .name("clickcounter_flush_duration_seconds")
                .help("Time from the first attempt of a flush to its commit.")
                .classicOnly()
                .classicUpperBounds(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
                .register(metrics);
        clicksCommitted = Counter.builder()
                .name("clickcounter_clicks_committed_total")
                .help("Clicks in the rows that this process has committed to the database.")
                .register(metrics);
        rowsCommitted = Counter.builder()
                .name("clickcounter_flush_rows_total")
                .help("Rows (one for each banner and minute) that this process has committed to the database.")
                .register(metrics);
        failures = Counter.builder()
                .name("clickcounter_flush_failures_total")
                .help("Attempts to flush that the database has not taken; each is repeated.")
                .register(metrics);
    }

    LogPosition position() {
        return position;
    }

    long flushedClicks() {
        return flushedClicks;
    }

    long flushedRows() {
        return flushedRows;
    }

    /// Returns true when the counts and the position are in the database. Returns false when the lifetime has
    /// ended before that, because of what this flush has found or because of a signal. The counts are abandoned
    /// then, and nothing may be flushed after them: the next aggregator counts the same clicks from the log.
    boolean flush(long newLastIndex, Counts counts) {
        if (hasGivenUp) {
            throw new IllegalStateException("A flush after an abandoned one would lose clicks.");
        }
        LogPosition after = position.after(newLastIndex);
        long startNs = System.nanoTime();
        if (!repeatUntilDone(after, newLastIndex, counts)) {
            hasGivenUp = true;
            return false;
        }
        long durationNs = System.nanoTime() - startNs;
        long clicks = counts.totalClicks();
        position = after;
        flushedClicks += clicks;
        flushedRows += counts.size();
        durations.observe(durationNs / NANOS_PER_SECOND);
        clicksCommitted.inc(clicks);
        rowsCommitted.inc(counts.size());
        logger.debug(
                "flush {}: {} rows, {} clicks, {} ms", after.flush(), counts.size(), clicks, durationNs / 1_000_000);
        return true;
    }

    private boolean repeatUntilDone(LogPosition after, long newLastIndex, Counts counts) {
        Duration pause = FIRST_PAUSE;
        long nextReportNs = System.nanoTime();
        for (int attempt = 1; true; attempt++) {
            try {
                if ((attempt > 1 && isDone(after)) || store.flush(position, newLastIndex, counts)) {
                    if (attempt > 1) {
                        logger.info("the database takes counts again, at attempt {}", attempt);
                    }
                    return true;
                }
                // The position in the database is not ours. The next attempt finds out why.
            } catch (SQLException failure) {
                failures.inc();
                if (System.nanoTime() - nextReportNs >= 0) {
                    nextReportNs = System.nanoTime() + REPORT_INTERVAL_NS;
                    logger.warn(
                            "the database does not take the counts ({}); clicks wait in the log; attempt {}",
                            Database.describe(failure),
                            attempt);
                    logger.debug("the failure in full", failure);
                }
            }
            if (lifetime.await(withJitter(pause)).isPresent()) {
                return false;
            }
            pause = pause.multipliedBy(2).compareTo(MAX_PAUSE) < 0 ? pause.multipliedBy(2) : MAX_PAUSE;
        }
    }

    /// Returns whether the flush has succeeded. Ends the lifetime when the log is not ours any more.
    private boolean isDone(LogPosition after) throws SQLException {
        Optional<LogPosition> found = store.position();
        if (found.equals(Optional.of(after))) {
            return true;
        }
        if (found.equals(Optional.of(position))) {
            return false;
        }
        if (found.isPresent() && found.get().epoch() > position.epoch()) {
            lifetime.end(
                    ExitCode.SUPERSEDED,
                    "Another aggregator has taken this log over (epoch %d, ours was %d). It goes on counting where this one stopped; there must be one per log."
                            .formatted(found.get().epoch(), position.epoch()));
        } else {
            lifetime.end(
                    ExitCode.DATABASE_CHANGED,
                    "The database's position in this log is not the one that was written (found %s, expected %s): it was restored or emptied. Start again to count on from its position."
                            .formatted(found.map(LogPosition::toString).orElse("none"), position));
        }
        return false;
    }

    private static Duration withJitter(Duration pause) {
        return pause.plusMillis(ThreadLocalRandom.current().nextLong(pause.toMillis() / 2 + 1));
    }
}
