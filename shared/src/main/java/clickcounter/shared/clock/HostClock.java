package clickcounter.shared.clock;

import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.clock.MachineClock.Reading;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The clock by which a host stamps clicks and deletes what is old. It is the system clock, unless that has
/// jumped.
///
/// The time since the boot tells which time it must be. If the system clock differs from that by more than a
/// minute, the clock continues as if it had not jumped, says so once, and shows the jump as a metric. It
/// follows the system clock again when that is right again; when the jump is confirmed, by [#confirm] or an
/// operator; or, after a jump of less than a day, when the system clock has been steady for ten minutes
/// ([ClockState]). While a jump is held back, the time is right to about a tenth of a second, because the
/// system tells the time since the boot in steps of ten milliseconds and is asked at another moment.
///
/// All processes of a host know the same through the [ClockFile]. Where the system does not tell the time
/// since the boot (macOS), the system clock is always believed: there nothing tells a jump from a sleep.
///
/// **Threads**: any. One thread compares the clocks once a second.
///
/// **Errors**: none. While the file cannot be read or written, the process continues with what it knows.
public final class HostClock implements InstantSource, AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(HostClock.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /// For how long after a comparison the system clock is believed without another look at the time that has
    /// passed.
    private static final long FRESH_MS = PAUSE.multipliedBy(2).toMillis();

    private static final long MAX_STEP_MS = ClockState.MAX_STEP.toMillis();
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final double MILLIS_PER_SECOND = 1e3;

    private final ClockFile file;
    private final MachineClock machine;
    private final PeriodicTask task;
    private boolean isFailing;
    private long reportedJumpMs;
    private volatile Seen seen;

    /// What the last comparison has found.
    private record Seen(ClockState state, long trustedMs, long nanoTime) {}

    private HostClock(Path logFolder, MachineClock machine, Lifetime lifetime) {
        file = new ClockFile(logFolder);
        this.machine = machine;
        Reading reading = machine.read();
        seen = new Seen(ClockState.trusting(reading), reading.systemMs(), reading.nanoTime());
        compare();
        task = PeriodicTask.start("clock", PAUSE, lifetime, this::compare);
    }

    /// Starts the clock of the host whose log is in this folder.
    public static HostClock start(Path logFolder, Lifetime lifetime) {
        return start(logFolder, new MachineClock(), lifetime);
    }

    /// Starts the clock of another machine, which tests choose.
    public static HostClock start(Path logFolder, MachineClock machine, Lifetime lifetime) {
        return new HostClock(logFolder, machine, lifetime);
    }

    /// **Cost**: as the system clock, without allocation; twice that while a jump is held back.
    @Override
    public long millis() {
        long systemMs = machine.systemMs();
        Seen last = seen;
        long sinceMs = systemMs - last.trustedMs;
        return sinceMs >= 0 && sinceMs <= FRESH_MS ? systemMs : expected(last, systemMs);
    }

    /// Returns what the system clock says if it may be that, else the time that it must be.
    private long expected(Seen last, long systemMs) {
        long expectedMs = last.trustedMs + (machine.nanoTime() - last.nanoTime) / NANOS_PER_MILLI;
        return Math.abs(systemMs - expectedMs) <= MAX_STEP_MS ? systemMs : expectedMs;
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(millis());
    }

    /// What was known a second ago, or less.
    public ClockState state() {
        return seen.state;
    }

    /// Shows the jump that is held back in `metrics`.
    public HostClock expose(PrometheusRegistry metrics) {
        GaugeWithCallback.builder()
                .name("clickcounter_clock_jump_seconds")
                .help("How far the system clock is ahead of the time that is used, because it has jumped; 0 normally.")
                .callback(gauge -> gauge.call(state().jumpMs() / MILLIS_PER_SECOND))
                .register(metrics);
        return this;
    }

    /// Believes the system clock, because somebody else's clock says the same.
    public synchronized void confirm() {
        try {
            if (file.accept(machine)) {
                compare();
            }
        } catch (IOException failure) {
            logger.warn("the system clock cannot be accepted: {}", failure.toString());
        }
    }

    private synchronized void compare() {
        Reading reading = machine.read();
        ClockState state = look(reading);
        seen = new Seen(state, state.trustedMs(), reading.nanoTime());
        report(state);
    }

    private ClockState look(Reading reading) {
        if (reading.bootId().isEmpty()) {
            return ClockState.trusting(reading);
        }
        try {
            Optional<ClockState> changed = file.update(known -> next(known, reading));
            ClockState state = changed.isPresent() ? changed.get() : next(file.read(), reading);
            isFailing = false;
            return state;
        } catch (IOException failure) {
            if (!isFailing) {
                logger.warn("what is known about the time cannot be kept for a restart: {}", failure.toString());
            }
            isFailing = true;
            return seen.state.next(reading);
        }
    }

    private static ClockState next(Optional<ClockState> known, Reading reading) {
        return known.map(state -> state.next(reading)).orElseGet(() -> ClockState.trusting(reading));
    }

    private void report(ClockState state) {
        if (Math.abs(state.jumpMs() - reportedJumpMs) <= MAX_STEP_MS) {
            return;
        }
        reportedJumpMs = state.jumpMs();
        if (state.isHeld()) {
            logger.error(
                    "the system clock has jumped by {} s: it says {}, but it must be {}, which is used until the jump is confirmed. If the system clock is right, run \"./run.sh log clock --accept\"; if not, set it right. OPERATIONS.md has a chapter \"The clock has jumped\".",
                    Duration.ofMillis(state.jumpMs()).toSeconds(),
                    state.system(),
                    state.trusted());
        } else {
            logger.warn("the system clock is used again: it says {}", state.system());
        }
    }

    @Override
    public void close() {
        task.close();
    }
}
