package clickcounter.shared;

import java.time.Instant;

/// Minutes since 1970-01-01T00:00Z: the unit of time that clicks are counted in.
public final class EpochMinute {
    public static final int SECONDS_PER_MINUTE = 60;

    private static final int MILLIS_PER_MINUTE = 60_000;

    private EpochMinute() {}

    /// Returns the minute that contains `time`.
    public static long of(Instant time) {
        return Math.floorDiv(time.getEpochSecond(), SECONDS_PER_MINUTE);
    }

    /// Returns the minute that contains a non-negative timestamp, such as that of a click.
    public static long ofMillis(long timestampMs) {
        return timestampMs / MILLIS_PER_MINUTE;
    }

    /// Returns the first minute that does not start before `time`.
    public static long ceil(Instant time) {
        long minute = of(time);
        return start(minute).equals(time) ? minute : minute + 1;
    }

    /// Returns the moment at which a minute starts.
    public static Instant start(long minute) {
        return Instant.ofEpochSecond(minute * SECONDS_PER_MINUTE);
    }
}
