package clickcounter.query.counts;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;

/// What clicks are summed up by, in UTC: one table of the database each.
public enum Level {
    MINUTE,
    HOUR,
    DAY,
    MONTH;

    private static final int MINUTES_PER_HOUR = 60;
    private static final int MINUTES_PER_DAY = 1_440;
    private static final int SECONDS_PER_MINUTE = 60;

    /// The name of the table's time.
    public String column() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The boundary of this level that is nearest to a minute, be it before or after it.
    long nearest(long minute) {
        return switch (this) {
            case MINUTE -> minute;
            case HOUR -> nearest(minute, MINUTES_PER_HOUR);
            case DAY -> nearest(minute, MINUTES_PER_DAY);
            case MONTH -> nearestMonth(minute);
        };
    }

    private static long nearest(long minute, int length) {
        return Math.floorDiv(minute + length / 2, length) * length;
    }

    private static long nearestMonth(long minute) {
        LocalDate first = Instant.ofEpochSecond(minute * SECONDS_PER_MINUTE)
                .atOffset(ZoneOffset.UTC)
                .toLocalDate()
                .withDayOfMonth(1);
        long before = first.toEpochDay() * MINUTES_PER_DAY;
        long after = first.plusMonths(1).toEpochDay() * MINUTES_PER_DAY;
        return minute - before < after - minute ? before : after;
    }
}
