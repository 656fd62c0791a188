package clickcounter.counts;

import clickcounter.shared.EpochMinute;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;

/// A length of time by which clicks are counted, in UTC. Each unit has two tables, `banner_minute` and
/// `total_minute` and so on, in which the column that holds the start of a unit is called `minute` and so on.
///
/// All times are minutes since 1970.
public enum Unit {
    MINUTE,
    HOUR,
    DAY,
    MONTH;

    /// The units that minutes are summed up by.
    public static final List<Unit> SUMS = List.of(HOUR, DAY, MONTH);

    static final int MINUTES_PER_HOUR = 60;
    public static final int MINUTES_PER_DAY = 1_440;

    /// Its name in the database.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Returns the statement `sql` for this unit, whose name is `{unit}` in it.
    String in(String sql) {
        return sql.replace("{unit}", word());
    }

    /// The unit whose counts are added up for this one.
    public Unit parts() {
        return switch (this) {
            case MINUTE -> throw new IllegalStateException("A minute is no sum");
            case HOUR -> MINUTE;
            case DAY -> HOUR;
            case MONTH -> DAY;
        };
    }

    /// Returns the start of the unit that contains `minute`.
    public long floor(long minute) {
        return switch (this) {
            case MINUTE -> minute;
            case HOUR -> Math.floorDiv(minute, MINUTES_PER_HOUR) * MINUTES_PER_HOUR;
            case DAY -> Math.floorDiv(minute, MINUTES_PER_DAY) * MINUTES_PER_DAY;
            case MONTH -> date(minute).withDayOfMonth(1).toEpochDay() * MINUTES_PER_DAY;
        };
    }

    /// Returns the first start that is not before `minute`.
    public long ceil(long minute) {
        long start = floor(minute);
        return start == minute ? minute : next(start);
    }

    /// Returns the start of the unit that follows the one that starts at `start`.
    public long next(long start) {
        return switch (this) {
            case MINUTE -> start + 1;
            case HOUR -> start + MINUTES_PER_HOUR;
            case DAY -> start + MINUTES_PER_DAY;
            case MONTH -> date(start).plusMonths(1).toEpochDay() * MINUTES_PER_DAY;
        };
    }

    /// Returns the start that is nearest to `minute`, whether before or after it.
    long nearest(long minute) {
        long before = floor(minute);
        long after = next(before);
        return minute - before < after - minute ? before : after;
    }

    private static LocalDate date(long minute) {
        return LocalDate.ofInstant(EpochMinute.start(minute), ZoneOffset.UTC);
    }
}
