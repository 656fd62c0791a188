package clickcounter.shared.clock;

import clickcounter.shared.clock.MachineClock.Reading;
import java.time.Duration;
import java.time.Instant;

/// What is known about the time at one moment of a boot. From it and the time since the boot follows which
/// time it is later, so a system clock that has jumped is noticed.
///
/// @param bootId the id of the machine's boot
/// @param uptimeMs the time since the boot
/// @param trustedMs which time it was, in milliseconds since 1970
/// @param jumpMs by how much the system clock was ahead of that because it had jumped, negative if it was
///     behind; 0 if it was right
/// @param jumpSinceMs the time since the boot at which that jump was first seen
public record ClockState(String bootId, long uptimeMs, long trustedMs, long jumpMs, long jumpSinceMs) {
    /// The system clock may differ this much from the time that is expected, and is then believed.
    public static final Duration MAX_STEP = Duration.ofMinutes(1);

    /// How long a machine may have been switched off. If more time has passed since the last boot by the system
    /// clock, that is wrong more often than not, for example after a mistake in the year.
    static final Duration MAX_OFF = Duration.ofDays(31);

    /// A longer jump must be confirmed by somebody.
    static final Duration MAX_UNCONFIRMED = Duration.ofDays(1);

    /// After this time, during which it has advanced steadily, a system clock that has jumped by less than
    /// [#MAX_UNCONFIRMED] is believed. Then the machine was paused, or the clock was set right.
    static final Duration STEADY = Duration.ofMinutes(10);

    private static final int FIELDS = 5;

    /// Believes the system clock.
    static ClockState trusting(Reading reading) {
        return new ClockState(reading.bootId(), reading.uptimeMs(), reading.systemMs(), 0, 0);
    }

    /// Whether the system clock has jumped and is not believed.
    public boolean isHeld() {
        return jumpMs != 0;
    }

    public Instant trusted() {
        return Instant.ofEpochMilli(trustedMs);
    }

    public Instant system() {
        return Instant.ofEpochMilli(trustedMs + jumpMs);
    }

    /// Returns what is known at a later moment, maybe after another boot.
    ClockState next(Reading reading) {
        boolean isSameBoot = isSameBoot(reading);
        long expectedMs = isSameBoot ? trustedMs + reading.uptimeMs() - uptimeMs : trustedMs;
        long jump = reading.systemMs() - expectedMs;
        if (reading.bootId().isEmpty() || isShorter(jump, MAX_STEP) || (!isSameBoot && isTimeSwitchedOff(jump))) {
            return trusting(reading);
        }
        boolean isSameJump = isSameBoot && isHeld() && isShorter(jump - jumpMs, MAX_STEP);
        long since = isSameJump ? jumpSinceMs : reading.uptimeMs();
        if (isShorter(jump, MAX_UNCONFIRMED) && reading.uptimeMs() - since >= STEADY.toMillis()) {
            return trusting(reading);
        }
        return new ClockState(reading.bootId(), reading.uptimeMs(), expectedMs, jump, since);
    }

    /// Another process may have written this state just after `reading` was taken. In a container that was
    /// restarted the uptime may begin anew, which counts as another boot.
    private boolean isSameBoot(Reading reading) {
        return bootId.equals(reading.bootId()) && reading.uptimeMs() >= uptimeMs - MAX_STEP.toMillis();
    }

    /// After another boot nothing tells how much time has passed, only that it has not gone back. A clock that
    /// had jumped ahead before, and was not set right since, is still wrong.
    private boolean isTimeSwitchedOff(long passedMs) {
        return passedMs > 0 && passedMs <= MAX_OFF.toMillis() && (jumpMs <= 0 || passedMs < jumpMs);
    }

    private static boolean isShorter(long differenceMs, Duration limit) {
        return Math.abs(differenceMs) <= limit.toMillis();
    }

    String text() {
        return "%s %d %d %d %d%n".formatted(bootId, uptimeMs, trustedMs, jumpMs, jumpSinceMs);
    }

    /// Reads what [#text()] has returned.
    ///
    /// **Errors**: [IllegalArgumentException] if it is anything else.
    static ClockState parse(String text) {
        String[] fields = text.strip().split(" ", -1);
        if (fields.length != FIELDS || !text.endsWith(System.lineSeparator())) {
            throw new IllegalArgumentException("not the five fields of a clock: \"" + text + "\"");
        }
        return new ClockState(
                fields[0],
                Long.parseLong(fields[1]),
                Long.parseLong(fields[2]),
                Long.parseLong(fields[3]),
                Long.parseLong(fields[4]));
    }
}
