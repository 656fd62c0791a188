package clickcounter.counts;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAdjusters;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// How much time one entry of an answer covers. All steps except minutes follow the clock of a time zone: a day
/// may have 23 or 25 hours.
public enum Step {
    MINUTE,
    HOUR,
    DAY,
    WEEK,
    MONTH,
    TOTAL;

    private static final int MINUTES_PER_LONGEST_MONTH = 31 * Unit.MINUTES_PER_DAY + Unit.MINUTES_PER_HOUR;

    /// Returns the step that a request calls `word`.
    public static Optional<Step> of(String word) {
        return Arrays.stream(values()).filter(step -> step.word().equals(word)).findFirst();
    }

    /// The name of the step in a request.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The longest unit that is never longer than this step; a total has no limit.
    Unit longestUnit() {
        return switch (this) {
            case MINUTE -> Unit.MINUTE;
            case HOUR -> Unit.HOUR;
            case DAY, WEEK -> Unit.DAY;
            case MONTH, TOTAL -> Unit.MONTH;
        };
    }

    /// The unit of the calendar by which every period of such steps is compared with the one before;
    /// [ChronoUnit#MINUTES] if the step does not decide that.
    ChronoUnit comparedBy() {
        return switch (this) {
            case MINUTE, HOUR, TOTAL -> ChronoUnit.MINUTES;
            case DAY -> ChronoUnit.DAYS;
            case WEEK -> ChronoUnit.WEEKS;
            case MONTH -> ChronoUnit.MONTHS;
        };
    }

    /// Returns how many steps `minutes` have at least; there are few more.
    long least(long minutes) {
        // An hour that the clock cuts in two makes one step more. A day of 25 hours makes up for one of 23.
        return switch (this) {
            case TOTAL -> Math.min(1, minutes);
            case MINUTE -> minutes;
            case HOUR -> Math.ceilDiv(minutes, Unit.MINUTES_PER_HOUR);
            case DAY -> Math.max(Math.min(1, minutes), minutes / Unit.MINUTES_PER_DAY - 1);
            case WEEK -> Math.max(Math.min(1, minutes), minutes / (7 * Unit.MINUTES_PER_DAY) - 1);
            case MONTH -> Math.max(Math.min(1, minutes), minutes / MINUTES_PER_LONGEST_MONTH);
        };
    }

    /// Returns the start of the step that contains `time`. Not for [#TOTAL], which may start at any time.
    Instant startAtOrBefore(Instant time, ZoneId zone) {
        if (this == MINUTE || this == HOUR) {
            long intoStep = Math.floorMod(localSecond(time, zone), this == HOUR ? 3_600 : 60);
            Instant start = Instant.ofEpochSecond(time.getEpochSecond() - intoStep);
            // A clock that is put forward or back by half an hour starts a new step in the middle of another.
            var changed = zone.getRules().previousTransition(time.plusNanos(1));
            return changed == null || changed.getInstant().isBefore(start) ? start : changed.getInstant();
        }
        LocalDate date = time.atZone(zone).toLocalDate().plusDays(1);
        while (startOf(date, zone).isAfter(time)) {
            date = firstOf(date).minusDays(1);
        }
        return startOf(date, zone);
    }

    /// Returns the start of the step that follows the one that starts at `start`.
    Instant startAfter(Instant start, ZoneId zone) {
        if (this == MINUTE || this == HOUR) {
            long length = this == HOUR ? 3_600 : 60;
            return Instant.ofEpochSecond(
                    start.getEpochSecond() + length - Math.floorMod(localSecond(start, zone), length));
        }
        LocalDate date = after(start.atZone(zone).toLocalDate());
        // A date that a zone has skipped (Apia, 2011-12-30) starts when the next date does.
        while (!startOf(date, zone).isAfter(start)) {
            date = after(date);
        }
        return startOf(date, zone);
    }

    private static long localSecond(Instant time, ZoneId zone) {
        return time.getEpochSecond() + zone.getRules().getOffset(time).getTotalSeconds();
    }

    private Instant startOf(LocalDate date, ZoneId zone) {
        return firstOf(date).atStartOfDay(zone).toInstant();
    }

    /// Returns the first date of the step that contains `date`.
    private LocalDate firstOf(LocalDate date) {
        return switch (this) {
            case WEEK -> date.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
            case MONTH -> date.withDayOfMonth(1);
            default -> date;
        };
    }

    private LocalDate after(LocalDate date) {
        return switch (this) {
            case WEEK -> firstOf(date).plusWeeks(1);
            case MONTH -> firstOf(date).plusMonths(1);
            default -> date.plusDays(1);
        };
    }
}
