package clickcounter.counts;

import java.util.TreeMap;

/// Adds up single clicks into [MinuteCounts].
///
/// **Threads**: one.
///
/// **Cost**: the log is nearly in the order of time, so the map is used once for each run of clicks in the same
/// minute.
public final class MinuteSum {
    private final TreeMap<Long, Long> clicksByMinute = new TreeMap<>();
    private long runMinute;
    private long runClicks;

    /// Adds one click.
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

    /// Returns all clicks that were added.
    public MinuteCounts counts() {
        endRun();
        return new MinuteCounts(
                clicksByMinute.keySet().stream().mapToLong(Long::longValue).toArray(),
                clicksByMinute.values().stream().mapToLong(Long::longValue).toArray());
    }
}
