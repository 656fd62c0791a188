package clickcounter.query.counts;

import java.util.TreeMap;

/// Adds up single clicks into [MinuteCounts].
///
/// **Threads**: one.
///
/// **Cost**: the log is nearly in the order of time, so the map is touched once for each run of clicks in one
/// minute.
public final class MinuteSum {
    private final TreeMap<Long, Long> clicksByMinute = new TreeMap<>();
    private long runMinute;
    private long runClicks;

    /// One click in that minute.
    public void add(long minute) {
        if (minute != runMinute) {
            endRun();
            runMinute = minute;
        }
        runClicks++;
    }

    private void endRun() {
        if (runClicks > 0) {
            clicksByMinute.merge(runMinute, runClicks, Long::sum);
            runClicks = 0;
        }
    }

    /// All that were added.
    public MinuteCounts counts() {
        endRun();
        if (clicksByMinute.isEmpty()) {
            return MinuteCounts.NONE;
        }
        return new MinuteCounts(
                clicksByMinute.keySet().stream().mapToLong(Long::longValue).toArray(),
                clicksByMinute.values().stream().mapToLong(Long::longValue).toArray());
    }
}
