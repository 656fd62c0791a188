package clickcounter.query.counts;

import java.time.Instant;
import java.time.ZoneId;
import java.util.Arrays;

/// A stretch of time and the steps in which its clicks are told. Minutes are numbered from 1970 in UTC; one
/// belongs to what it begins in.
///
/// @param fromMinute the first minute
/// @param toMinute the minute after the last one
/// @param zone whose clock the steps go by
public record Period(long fromMinute, long toMinute, Step step, ZoneId zone) {
    private static final int SECONDS_PER_MINUTE = 60;

    /// **Errors**: [IllegalArgumentException] for a time that ends before it begins.
    public Period {
        if (fromMinute > toMinute) {
            throw new IllegalArgumentException("from minute %d to minute %d".formatted(fromMinute, toMinute));
        }
    }

    /// The time of the same length just before, as far as there is one after 1970.
    public Period previous() {
        return new Period(Math.max(0, 2 * fromMinute - toMinute), fromMinute, step, zone);
    }

    /// The same time in one step.
    public Period total() {
        return new Period(fromMinute, toMinute, Step.TOTAL, zone);
    }

    /// The steps of a period: `starts[i]` is the own start of step `i`, which counts the minutes from
    /// `bounds[i]` to before `bounds[i + 1]`. The first one may begin before the period; it counts only what is
    /// in it.
    @SuppressWarnings("ArrayRecordComponent") // columns of a table; nobody changes them
    public record Steps(long[] starts, long[] bounds) {
        /// How many.
        public int count() {
            return starts.length;
        }

        /// The step of a minute that is in the period.
        public int indexOf(long minute) {
            int at = Arrays.binarySearch(bounds, 0, starts.length, minute);
            return at >= 0 ? at : -at - 2;
        }
    }

    /// All steps, with and without clicks; `mostSteps + 1` when there are more than `mostSteps`.
    ///
    /// **Cost**: some 100 ns for each.
    public Steps steps(int mostSteps) {
        if (fromMinute == toMinute) {
            return new Steps(new long[0], new long[] {fromMinute});
        }
        if (step == Step.TOTAL) {
            return new Steps(new long[] {fromMinute}, new long[] {fromMinute, toMinute});
        }
        long[] starts = new long[64];
        long[] bounds = new long[65];
        int count = 0;
        Instant start = step.startAtOrBefore(Instant.ofEpochSecond(fromMinute * SECONDS_PER_MINUTE), zone);
        long bound = fromMinute;
        while (bound < toMinute && count <= mostSteps) {
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, count * 2);
                bounds = Arrays.copyOf(bounds, count * 2 + 1);
            }
            starts[count] = Math.floorDiv(start.getEpochSecond(), SECONDS_PER_MINUTE);
            bounds[count] = bound;
            count++;
            start = step.startAfter(start, zone);
            // In the seventies an offset of Africa/Monrovia had seconds.
            bound = Math.min(toMinute, Math.ceilDiv(start.getEpochSecond(), SECONDS_PER_MINUTE));
        }
        bounds[count] = bound;
        return new Steps(Arrays.copyOf(starts, count), Arrays.copyOf(bounds, count + 1));
    }
}
