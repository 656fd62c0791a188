package clickcounter.counts;

import clickcounter.shared.EpochMinute;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;

/// A period of time and the steps by which its clicks are reported. Minutes are counted from 1970 in UTC; a
/// minute belongs to the step that contains its start.
///
/// @param fromMinute the first minute
/// @param toMinute the minute after the last one
/// @param zone the time zone whose clock the steps follow
public record Period(long fromMinute, long toMinute, Step step, ZoneId zone) {
    private static final int MINUTES_PER_HOUR = 60;
    private static final int MINUTES_PER_DAY = 1_440;
    private static final int MINUTES_PER_LONGEST_MONTH = 31 * MINUTES_PER_DAY + MINUTES_PER_HOUR;

    /// **Errors**: [IllegalArgumentException] for a period that ends before it starts.
    public Period {
        if (fromMinute > toMinute) {
            throw new IllegalArgumentException("from minute %d to minute %d".formatted(fromMinute, toMinute));
        }
    }

    /// Returns the period to compare this one with; the part of it before 1970 is cut off.
    ///
    /// It is so many months, weeks or days earlier on the clock of the zone that it ends at or before the start of
    /// this one: months if the steps are months, or if they are the total of whole months; weeks if they are
    /// weeks; days if they are days, or if the period is made of whole days. So March is compared with February,
    /// and a weekday with the same one, even if the clock changes in between. Any other period is compared with
    /// the same number of minutes just before.
    public Period previous() {
        LocalDateTime from = LocalDateTime.ofInstant(EpochMinute.start(fromMinute), zone);
        LocalDateTime to = LocalDateTime.ofInstant(EpochMinute.start(toMinute), zone);
        boolean isWholeDays = from.toLocalTime().equals(to.toLocalTime());
        boolean isWholeMonths = isStartOfMonth(from) && isStartOfMonth(to);
        ChronoUnit unit = switch (step) {
            case MONTH -> ChronoUnit.MONTHS;
            case WEEK -> ChronoUnit.WEEKS;
            case DAY -> ChronoUnit.DAYS;
            case TOTAL -> isWholeMonths ? ChronoUnit.MONTHS : isWholeDays ? ChronoUnit.DAYS : ChronoUnit.MINUTES;
            case HOUR, MINUTE -> isWholeDays ? ChronoUnit.DAYS : ChronoUnit.MINUTES;
        };
        long count = unit.between(from, to);
        if (from.plus(count, unit).isBefore(to)) {
            count++;
        }
        // A clock that is put back may show the same time, or an earlier one, at the end.
        if (unit == ChronoUnit.MINUTES || count <= 0) {
            return new Period(Math.max(0, 2 * fromMinute - toMinute), fromMinute, step, zone);
        }
        long previousTo = Math.clamp(minute(to.minus(count, unit)), 0, fromMinute);
        long previousFrom = Math.clamp(minute(from.minus(count, unit)), 0, previousTo);
        return new Period(previousFrom, previousTo, step, zone);
    }

    private static boolean isStartOfMonth(LocalDateTime time) {
        return time.getDayOfMonth() == 1 && time.toLocalTime().equals(LocalTime.MIDNIGHT);
    }

    private long minute(LocalDateTime time) {
        return EpochMinute.ceil(time.atZone(zone).toInstant());
    }

    /// Returns the same period as one step.
    public Period total() {
        return new Period(fromMinute, toMinute, Step.TOTAL, zone);
    }

    /// The steps of a period: step `i` starts at `starts[i]` and counts the minutes from `bounds[i]` to before
    /// `bounds[i + 1]`. The first step may start before the period, but counts only minutes of the period.
    @SuppressWarnings("ArrayRecordComponent") // columns of a table, which nothing changes
    public record Steps(long[] starts, long[] bounds) {
        /// How many steps there are.
        public int count() {
            return starts.length;
        }

        /// Returns the number of the step that counts `minute`, which must be in the period.
        public int indexOf(long minute) {
            int at = Arrays.binarySearch(bounds, 0, starts.length, minute);
            return at >= 0 ? at : -at - 2;
        }
    }

    /// Returns how many steps there are at least, without making them; there are few more.
    public long minSteps() {
        long minutes = toMinute - fromMinute;
        // An hour that the clock cuts in two makes one step more. A day of 25 hours makes up for one of 23.
        return switch (step) {
            case TOTAL -> Math.min(1, minutes);
            case MINUTE -> minutes;
            case HOUR -> Math.ceilDiv(minutes, MINUTES_PER_HOUR);
            case DAY -> Math.max(Math.min(1, minutes), minutes / MINUTES_PER_DAY - 1);
            case WEEK -> Math.max(Math.min(1, minutes), minutes / (7 * MINUTES_PER_DAY) - 1);
            case MONTH -> Math.max(Math.min(1, minutes), minutes / MINUTES_PER_LONGEST_MONTH);
        };
    }

    /// Returns all steps; if there are more than `maxSteps`, the first `maxSteps + 1`.
    ///
    /// **Cost**: about 100 ns and 16 bytes for each step.
    public Steps steps(int maxSteps) {
        if (fromMinute == toMinute) {
            return new Steps(new long[0], new long[] {fromMinute});
        }
        if (step == Step.TOTAL) {
            return new Steps(new long[] {fromMinute}, new long[] {fromMinute, toMinute});
        }
        // Nearly always there are at most two steps more than the least number.
        int expected = (int) Math.min(minSteps(), maxSteps) + 2;
        long[] starts = new long[expected];
        long[] bounds = new long[expected + 1];
        int count = 0;
        Instant start = step.startAtOrBefore(EpochMinute.start(fromMinute), zone);
        long bound = fromMinute;
        while (bound < toMinute && count <= maxSteps) {
            if (count == starts.length) {
                int more = count + count / 8 + 8;
                starts = Arrays.copyOf(starts, more);
                bounds = Arrays.copyOf(bounds, more + 1);
            }
            starts[count] = EpochMinute.of(start);
            bounds[count] = bound;
            count++;
            start = step.startAfter(start, zone);
            // Rounded up: until 1972 the offset of Africa/Monrovia had seconds.
            bound = Math.min(toMinute, EpochMinute.ceil(start));
        }
        bounds[count] = bound;
        return new Steps(Arrays.copyOf(starts, count), Arrays.copyOf(bounds, count + 1));
    }
}
