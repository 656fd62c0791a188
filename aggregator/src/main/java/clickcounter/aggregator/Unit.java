package clickcounter.aggregator;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/// A stretch of time, in UTC, for which clicks are counted. Its counts are in the table `banner_minute` and
/// so on, in which the column of its start is called `minute`.
enum Unit {
    MINUTE,
    HOUR,
    DAY,
    MONTH;

    /// Those that minutes are summed up by.
    static final List<Unit> SUMS = List.of(HOUR, DAY, MONTH);

    private static final int SECONDS_PER_MINUTE = 60;

    /// Its name in the database.
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The statement for this unit, in which its name is `{unit}`.
    String in(String sql) {
        return sql.replace("{unit}", word());
    }

    /// What a sum is the sum of.
    Unit parts() {
        return switch (this) {
            case MINUTE -> throw new IllegalStateException("A minute is no sum");
            case HOUR -> MINUTE;
            case DAY -> HOUR;
            case MONTH -> DAY;
        };
    }

    /// The start of the one that the minute is in; both in minutes since 1970.
    long floor(long minute) {
        OffsetDateTime time = Instant.ofEpochSecond(minute * SECONDS_PER_MINUTE).atOffset(ZoneOffset.UTC);
        OffsetDateTime start = switch (this) {
            case MINUTE -> time;
            case HOUR -> time.truncatedTo(ChronoUnit.HOURS);
            case DAY -> time.truncatedTo(ChronoUnit.DAYS);
            case MONTH -> time.truncatedTo(ChronoUnit.DAYS).withDayOfMonth(1);
        };
        return start.toEpochSecond() / SECONDS_PER_MINUTE;
    }

    /// The first start that is not before the minute.
    long ceil(long minute) {
        long start = floor(minute);
        return start == minute ? minute : next(start);
    }

    /// The start of the next one.
    long next(long start) {
        OffsetDateTime time = Instant.ofEpochSecond(start * SECONDS_PER_MINUTE).atOffset(ZoneOffset.UTC);
        OffsetDateTime next = switch (this) {
            case MINUTE -> time.plusMinutes(1);
            case HOUR -> time.plusHours(1);
            case DAY -> time.plusDays(1);
            case MONTH -> time.plusMonths(1);
        };
        return next.toEpochSecond() / SECONDS_PER_MINUTE;
    }
}
