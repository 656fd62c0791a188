package clickcounter.counts;

import java.util.Arrays;
import java.util.stream.IntStream;

/// Clicks by minute, ascending; minutes without clicks may be left out. Minutes are counted from 1970 in UTC.
/// Clicks by hour or by another unit or step are at its first minute.
///
/// **Threads**: any; it is immutable.
public final class MinuteCounts {
    /// No clicks.
    public static final MinuteCounts NONE = new MinuteCounts(new long[0], new long[0]);

    private final long[] minutes;
    private final long[] clicks;

    /// Takes over both arrays; `minutes` must be ascending.
    public MinuteCounts(long[] minutes, long[] clicks) {
        if (minutes.length != clicks.length) {
            throw new IllegalArgumentException("%d minutes, %d counts".formatted(minutes.length, clicks.length));
        }
        this.minutes = minutes;
        this.clicks = clicks;
    }

    /// How many minutes there are.
    public int size() {
        return minutes.length;
    }

    /// The minute at index `at`.
    public long minute(int at) {
        return minutes[at];
    }

    /// The clicks at index `at`.
    public long clicks(int at) {
        return clicks[at];
    }

    /// Returns the sum of both: the clicks of a minute that is in both are added.
    public MinuteCounts plus(MinuteCounts other) {
        if (other.size() == 0) {
            return this;
        }
        long[] bothMinutes = new long[size() + other.size()];
        long[] bothClicks = new long[size() + other.size()];
        int at = 0;
        int mine = 0;
        int theirs = 0;
        while (mine < size() || theirs < other.size()) {
            long minute = Math.min(minuteOrEnd(mine), other.minuteOrEnd(theirs));
            bothMinutes[at] = minute;
            if (minuteOrEnd(mine) == minute) {
                bothClicks[at] += clicks[mine++];
            }
            if (other.minuteOrEnd(theirs) == minute) {
                bothClicks[at] += other.clicks[theirs++];
            }
            at++;
        }
        return new MinuteCounts(Arrays.copyOf(bothMinutes, at), Arrays.copyOf(bothClicks, at));
    }

    /// Returns the index of the first minute that is not before `minute`; [#size()] when there is none.
    int firstAtOrAfter(long minute) {
        int at = Arrays.binarySearch(minutes, minute);
        return at >= 0 ? at : -at - 1;
    }

    /// Returns the counts of the steps that have clicks, or of all steps.
    ///
    /// @param withZeros whether to keep steps without clicks
    public static MinuteCounts of(long[] starts, long[] clicks, boolean withZeros) {
        int[] kept = IntStream.range(0, starts.length)
                .filter(at -> withZeros || clicks[at] != 0)
                .toArray();
        return new MinuteCounts(
                Arrays.stream(kept).mapToLong(at -> starts[at]).toArray(),
                Arrays.stream(kept).mapToLong(at -> clicks[at]).toArray());
    }

    /// The clicks of all minutes.
    public long total() {
        return Arrays.stream(clicks).sum();
    }

    private long minuteOrEnd(int at) {
        return at < size() ? minutes[at] : Long.MAX_VALUE;
    }
}
