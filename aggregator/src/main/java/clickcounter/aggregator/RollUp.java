package clickcounter.aggregator;

import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps long ranges fast: sums up the minutes that are over, makes the partitions of the next months, and
/// drops those of the months whose minutes need not be kept.
///
/// A minute is over some time after the newest click that was flushed, not by the clock alone: an aggregator
/// that counts a long log from its start then writes minutes only, and no sums in addition. Being wrong about
/// it costs time, not exactness.
///
/// **Threads**: one.
final class RollUp {
    private static final Logger logger = LoggerFactory.getLogger(RollUp.class);
    private static final Duration PAUSE = Duration.ofSeconds(30);

    /// Clicks that come later than that are rare, unless a host was cut off from the database.
    private static final long LATE_MINUTES = 5;

    /// Summed up at once; between two such steps flushes go on. A step is made longer or shorter by the time
    /// that it takes.
    private static final long FIRST_STEP_MINUTES = 5;

    private static final long LONGEST_STEP_MINUTES = Duration.ofDays(1).toMinutes();
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration LONG = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /// Partitions that are there, with that of the current month. A flush makes what it misses, too.
    private static final int MONTHS = 3;

    private final CountStore store;
    private final Duration minuteRetention;
    private final Lifetime lifetime;
    private long stepMinutes = FIRST_STEP_MINUTES;
    private boolean isFailing;

    private RollUp(CountStore store, Duration minuteRetention, Lifetime lifetime) {
        this.store = store;
        this.minuteRetention = minuteRetention;
        this.lifetime = lifetime;
    }

    static PeriodicTask start(CountStore store, Duration minuteRetention, Lifetime lifetime) {
        return PeriodicTask.start("roll-up", PAUSE, lifetime, new RollUp(store, minuteRetention, lifetime)::run);
    }

    private void run() {
        try {
            Instant now = Instant.now();
            YearMonth month = YearMonth.from(now.atOffset(ZoneOffset.UTC));
            store.addPartitions(Stream.iterate(month, next -> next.plusMonths(1))
                    .limit(MONTHS)
                    .toList());
            rollUp(Math.min(store.newestMinute(), now.getEpochSecond() / 60) - LATE_MINUTES);
            int months = store.dropPartitions(now.minus(minuteRetention));
            if (months > 0) {
                logger.info("the minutes of {} months were dropped; their hours, days and months stay", months);
            }
            if (isFailing) {
                logger.info("minutes are summed up again");
            }
            isFailing = false;
        } catch (SQLException failure) {
            stepMinutes = Math.max(1, stepMinutes / 2);
            if (!isFailing) {
                logger.warn(
                        "minutes cannot be summed up, so long ranges get slower; tried again each half minute: {}",
                        Database.describe(failure));
                isFailing = true;
            }
        }
    }

    private void rollUp(long closedMinute) throws SQLException {
        boolean isDone = false;
        while (!isDone && !lifetime.hasEnded()) {
            long startNs = System.nanoTime();
            isDone = store.rollUp(closedMinute, stepMinutes, TIMEOUT) >= closedMinute;
            adjustStep(System.nanoTime() - startNs);
        }
    }

    private void adjustStep(long tookNs) {
        if (tookNs < SHORT.toNanos()) {
            stepMinutes = Math.min(stepMinutes * 2, LONGEST_STEP_MINUTES);
        } else if (tookNs > LONG.toNanos()) {
            stepMinutes = Math.max(1, stepMinutes / 2);
        }
    }
}
