package clickcounter.aggregator;

import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps long ranges fast to read: sums up the minutes that are over, creates the partitions of the next months,
/// and drops the partitions of the months whose minutes need not be kept.
///
/// A minute counts as over some time after the newest click that was flushed, not by the clock alone: so an
/// aggregator that counts a long log from its start writes only minutes, without sums in addition. A wrong guess
/// costs time, not exactness.
///
/// **Threads**: one.
final class RollUp {
    private static final Logger logger = LoggerFactory.getLogger(RollUp.class);
    private static final Duration PAUSE = Duration.ofSeconds(30);

    /// How late clicks may be; later ones are rare, unless a host was cut off from the database.
    private static final long LATE_MINUTES = 5;

    /// How many minutes the first step sums up; between two steps flushes continue. Later steps are longer or
    /// shorter, depending on the time that a step takes.
    private static final long FIRST_STEP_MINUTES = 5;

    private static final long MAX_STEP_MINUTES = Duration.ofDays(1).toMinutes();
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration LONG = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /// How many months have a partition in advance, counting the current one. A flush creates what is missing,
    /// too.
    private static final int MONTHS = 3;

    private final CountStore store;
    private final InstantSource clock;
    private final Duration minuteRetention;
    private final Lifetime lifetime;
    private long stepMinutes = FIRST_STEP_MINUTES;
    private boolean isFailing;

    /// @param clock must not be ahead: what is dropped because of it is gone
    RollUp(CountStore store, InstantSource clock, Duration minuteRetention, Lifetime lifetime) {
        this.store = store;
        this.clock = clock;
        this.minuteRetention = minuteRetention;
        this.lifetime = lifetime;
    }

    static PeriodicTask start(CountStore store, InstantSource clock, Duration minuteRetention, Lifetime lifetime) {
        return PeriodicTask.start("roll-up", PAUSE, lifetime, new RollUp(store, clock, minuteRetention, lifetime)::run);
    }

    void run() {
        try {
            Instant now = clock.instant();
            YearMonth month = YearMonth.from(now.atOffset(ZoneOffset.UTC));
            store.addPartitions(Stream.iterate(month, next -> next.plusMonths(1))
                    .limit(MONTHS)
                    .toList());
            rollUp(Math.min(store.newestMinute(), EpochMinute.of(now)) - LATE_MINUTES);
            int months = store.dropPartitions(now.minus(minuteRetention));
            if (months > 0) {
                logger.info("dropped the minutes of {} months; their hours, days and months stay", months);
            }
            if (isFailing) {
                logger.info("summing up minutes works again");
            }
            isFailing = false;
        } catch (SQLException failure) {
            stepMinutes = Math.max(1, stepMinutes / 2);
            if (!isFailing) {
                logger.warn(
                        "cannot sum up minutes, so long ranges get slower; trying again every half minute: {}",
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
            stepMinutes = Math.min(stepMinutes * 2, MAX_STEP_MINUTES);
        } else if (tookNs > LONG.toNanos()) {
            stepMinutes = Math.max(1, stepMinutes / 2);
        }
    }
}
