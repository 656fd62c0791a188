package clickcounter.query;

import java.util.Arrays;

/// How many clicks there were in which minute, ascending; minutes without clicks are not in it. A minute is a
/// number of minutes since 1970 in UTC.
///
/// **Threads**: any; it does not change.
final class MinuteCounts {
    static final MinuteCounts NONE = new MinuteCounts(new long[0], new long[0]);

    private final long[] minutes;
    private final long[] clicks;

    /// Both arrays belong to it from now on; `minutes` must ascend.
    MinuteCounts(long[] minutes, long[] clicks) {
        if (minutes.length != clicks.length) {
            throw new IllegalArgumentException("%d minutes, %d counts".formatted(minutes.length, clicks.length));
        }
        this.minutes = minutes;
        this.clicks = clicks;
    }

    int size() {
        return minutes.length;
    }

    long minute(int at) {
        return minutes[at];
    }

    long clicks(int at) {
        return clicks[at];
    }

    /// Both together: the clicks of a minute that is in both add up.
    MinuteCounts plus(MinuteCounts other) {
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

    private long minuteOrEnd(int at) {
        return at < size() ? minutes[at] : Long.MAX_VALUE;
    }
}
