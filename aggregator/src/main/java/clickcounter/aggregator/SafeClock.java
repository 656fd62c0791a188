package clickcounter.aggregator;

import clickcounter.migrations.DatabaseTime;
import clickcounter.shared.clock.ClockState;
import clickcounter.shared.clock.HostClock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The earlier of two times, that of the host and that of the database: so nothing is deleted too early
/// because one of the two clocks is ahead.
///
/// Between two answers of the database, and while it is away, its time is that of the last answer and what has
/// passed since.
///
/// While the host holds a jump of its clock back, the clock of a database on another machine is a witness: if
/// it says the same as the system clock, that is right.
///
/// **Threads**: one compares, any reads.
final class SafeClock implements InstantSource {
    private static final Logger logger = LoggerFactory.getLogger(SafeClock.class);

    private final HostClock host;
    private final Predicate<@Nullable String> isOnAnotherMachine;
    private boolean hasReported;
    private volatile @Nullable Known known;

    /// What the database's clock said last.
    private record Known(Instant databaseTime, long nanoTime) {}

    /// @param isOnAnotherMachine whether a server with this address has a clock of its own
    SafeClock(HostClock host, Predicate<@Nullable String> isOnAnotherMachine) {
        this.host = host;
        this.isOnAnotherMachine = isOnAnotherMachine;
    }

    HostClock host() {
        return host;
    }

    @Override
    public Instant instant() {
        Instant hostTime = host.instant();
        Known last = known;
        if (last == null) {
            return hostTime;
        }
        Instant databaseTime = last.databaseTime.plusNanos(System.nanoTime() - last.nanoTime);
        return databaseTime.isBefore(hostTime) ? databaseTime : hostTime;
    }

    /// Takes note of what the database's clock says now.
    void compare(DatabaseTime database) {
        Instant time = database.time();
        known = new Known(time, System.nanoTime());
        ClockState state = host.state();
        boolean isWitness = state.isHeld() && isOnAnotherMachine.test(database.server());
        if (isWitness && isNear(time, state.system())) {
            logger.warn("the clock of the database says {}, which confirms the jump of the system clock", time);
            host.confirm();
        } else if (isWitness && isNear(time, state.trusted())) {
            report(
                    "the clock of the database says {}, so the system clock is wrong ({}): set it right",
                    time,
                    state.system());
        } else if (!state.isHeld() && !isNear(time, host.instant())) {
            report(
                    "the clock of the database says {}, but that of this machine {}: set the wrong one right. Until then, the earlier one decides what is deleted",
                    time,
                    host.instant());
        } else {
            hasReported = false;
        }
    }

    private void report(String message, Instant database, Instant machine) {
        if (!hasReported) {
            logger.error(message, database, machine);
        }
        hasReported = true;
    }

    private static boolean isNear(Instant one, Instant other) {
        return Duration.between(one, other).abs().compareTo(ClockState.MAX_STEP) <= 0;
    }
}
