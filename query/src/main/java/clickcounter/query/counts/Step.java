package clickcounter.query.counts;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.TemporalAdjusters;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// How long one entry of an answer is. All but minutes begin by the clock of a time zone: days may have 23 or
/// 25 hours.
public enum Step {
    MINUTE,
    HOUR,
    DAY,
    WEEK,
    MONTH,
    TOTAL;

    /// The step that a request calls by this word.
    public static Optional<Step> of(String word) {
        return Arrays.stream(values()).filter(step -> step.word().equals(word)).findFirst();
    }

    /// What a request calls it.
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The start of the step that `time` is in. Not for [#TOTAL], which begins where one likes.
    Instant startAtOrBefore(Instant time, ZoneId zone) {
        if (this == MINUTE || this == HOUR) {
            long intoStep = Math.floorMod(localSecond(time, zone), this == HOUR ? 3_600 : 60);
            Instant start = Instant.ofEpochSecond(time.getEpochSecond() - intoStep);
            // Clocks that are put forward or back by half an hour begin a new step in the middle of one.
            var changed = zone.getRules().previousTransition(time.plusNanos(1));
            return changed == null || changed.getInstant().isBefore(start) ? start : changed.getInstant();
        }
        LocalDate date = time.atZone(zone).toLocalDate().plusDays(1);
        while (startOf(date, zone).isAfter(time)) {
            date = before(date);
        }
        return startOf(date, zone);
    }

    /// The start of the next step after the one that begins at `start`.
    Instant startAfter(Instant start, ZoneId zone) {
        if (this == MINUTE || this == HOUR) {
            long length = this == HOUR ? 3_600 : 60;
            return Instant.ofEpochSecond(
                    start.getEpochSecond() + length - Math.floorMod(localSecond(start, zone), length));
        }
        LocalDate date = after(start.atZone(zone).toLocalDate());
        // A date that a zone has left out (Apia, 2011-12-30) begins where the next one does.
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

    /// The first date of the step that `date` is in.
    private LocalDate firstOf(LocalDate date) {
        return switch (this) {
            case WEEK -> date.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
            case MONTH -> date.withDayOfMonth(1);
            default -> date;
        };
    }

    private LocalDate before(LocalDate date) {
        return firstOf(date).minusDays(1);
    }

    private LocalDate after(LocalDate date) {
        return switch (this) {
            case WEEK -> firstOf(date).plusWeeks(1);
            case MONTH -> firstOf(date).plusMonths(1);
            default -> date.plusDays(1);
        };
    }
}
