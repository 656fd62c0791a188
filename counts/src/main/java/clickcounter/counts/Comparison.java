package clickcounter.counts;

import clickcounter.shared.EpochMinute;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/// A period, the one before that it is compared with, and which of their steps correspond.
///
/// The previous period is so many months, weeks or days earlier on the clock of the zone that it ends at or before
/// the start of the period: weeks if the steps are weeks; otherwise months if they are months, or if the period
/// is made of whole months; otherwise days if they are days, or if the period is made of whole days. So March is
/// compared with February whatever its steps are, and a weekday with the same one, even if the clock changes in
/// between. Any other period is compared with the same number of minutes just before.
///
/// Steps correspond if they begin at the same time of the calendar, so many months, weeks or days apart: 31 March
/// has no counterpart in February, nor has the second of two hours that the clock shows twice. Steps of a period
/// that is not made of whole days correspond in their order.
public final class Comparison {
    private static final long DAYS_OF_LONGEST_MONTH = 31;

    private final Period period;
    private final Period previous;
    private final @Nullable ChronoUnit unit; // of the shift; null if steps correspond in their order
    private final long shift;

    private Comparison(Period period, long previousFrom, long previousTo, @Nullable ChronoUnit unit, long shift) {
        this.period = period;
        this.previous = new Period(previousFrom, previousTo, period.step(), period.zone());
        this.unit = unit;
        this.shift = shift;
    }

    public static Comparison of(Period period) {
        LocalDateTime from = local(period.fromMinute(), period.zone());
        LocalDateTime to = local(period.toMinute(), period.zone());
        ChronoUnit unit = unit(period.step(), from, to);
        long count = unit.between(from, to);
        if (from.plus(count, unit).isBefore(to)) {
            count++;
        }
        // A clock that is put back may show the same time, or an earlier one, at the end.
        if (unit == ChronoUnit.MINUTES || count <= 0) {
            return ofMinutes(period);
        }
        long previousTo = Math.clamp(minute(to.minus(count, unit), period.zone()), 0, period.fromMinute());
        long previousFrom = Math.clamp(minute(from.minus(count, unit), period.zone()), 0, previousTo);
        return new Comparison(period, previousFrom, previousTo, unit, count);
    }

    private static ChronoUnit unit(Step step, LocalDateTime from, LocalDateTime to) {
        ChronoUnit ofStep = step.comparedBy();
        if (ofStep != ChronoUnit.WEEKS && isStartOfMonth(from) && isStartOfMonth(to)) {
            return ChronoUnit.MONTHS;
        }
        boolean isWholeDays = from.toLocalTime().equals(to.toLocalTime());
        return ofStep == ChronoUnit.MINUTES && isWholeDays ? ChronoUnit.DAYS : ofStep;
    }

    private static Comparison ofMinutes(Period period) {
        long minutes = period.toMinute() - period.fromMinute();
        // These may be whole days although the clock says otherwise, because it was changed in between.
        boolean isWholeDays = minutes % Unit.MINUTES_PER_DAY == 0;
        return new Comparison(
                period,
                Math.max(0, period.fromMinute() - minutes),
                period.fromMinute(),
                isWholeDays ? ChronoUnit.DAYS : null,
                minutes / Unit.MINUTES_PER_DAY);
    }

    /// The period to compare with; the part of it before 1970 is cut off.
    public Period previous() {
        return previous;
    }

    /// Compares the places of a step of the period and of one of the previous period: 0 if they correspond,
    /// negative if that of the period comes first, and positive if the other one does.
    ///
    /// @param start the first minute of the step
    /// @param previousStart the first minute of the step of the previous period
    public int compare(long start, long previousStart) {
        return unit == null || period.step() == Step.TOTAL
                ? 0
                : Long.compare(place(start, unit, 0), place(previousStart, unit, shift));
    }

    /// Returns a number that grows with the time of the calendar, which is moved `later` by so many units.
    private long place(long minute, ChronoUnit unit, long later) {
        LocalDateTime start = local(minute, period.zone());
        long day = unit == ChronoUnit.MONTHS
                ? (start.getLong(ChronoField.PROLEPTIC_MONTH) + later) * DAYS_OF_LONGEST_MONTH + start.getDayOfMonth()
                : start.toLocalDate().plus(later, unit).toEpochDay();
        // Where the clock skips midnight, a day begins later.
        boolean isOfDay = period.step() == Step.HOUR || period.step() == Step.MINUTE;
        return day * Unit.MINUTES_PER_DAY + (isOfDay ? start.get(ChronoField.MINUTE_OF_DAY) : 0);
    }

    private static boolean isStartOfMonth(LocalDateTime time) {
        return time.getDayOfMonth() == 1 && time.toLocalTime().equals(LocalTime.MIDNIGHT);
    }

    private static LocalDateTime local(long minute, ZoneId zone) {
        return LocalDateTime.ofInstant(EpochMinute.start(minute), zone);
    }

    private static long minute(LocalDateTime time, ZoneId zone) {
        return EpochMinute.ceil(time.atZone(zone).toInstant());
    }
}
