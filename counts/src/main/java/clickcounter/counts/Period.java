package clickcounter.counts;

import clickcounter.shared.EpochMinute;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Arrays;

/// A period of time and the steps by which its clicks are reported. Minutes are counted from 1970 in UTC; a
/// minute belongs to the step that contains its start.
///
/// @param fromMinute the first minute
/// @param toMinute the minute after the last one
/// @param zone the time zone whose clock the steps follow
public record Period(long fromMinute, long toMinute, Step step, ZoneId zone) {
    /// **Errors**: [IllegalArgumentException] for a period that ends before it starts.
    public Period {
        if (fromMinute > toMinute) {
            throw new IllegalArgumentException("from minute %d to minute %d".formatted(fromMinute, toMinute));
        }
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
        return step.least(toMinute - fromMinute);
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
