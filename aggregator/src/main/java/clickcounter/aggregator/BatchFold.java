package clickcounter.aggregator;

import clickcounter.counts.ClickTable;
import clickcounter.counts.Counts;
import clickcounter.shared.EpochMinute;
import java.util.Arrays;

/// Counts the clicks of one batch on the heap, so that the shards see each banner once per batch and not once per
/// click: a shard takes several times as long for each addition.
///
/// It reports when it is full, by pairs of banner and minute or by minutes, and takes no more clicks until it is
/// drained.
///
/// **Threads**: one.
final class BatchFold {
    private final int maxPairs;
    private final ClickTable table;
    private final long[] distinctMinutes;
    private int distinctMinuteCount;
    private long lastMinute = -1;

    /// @param maxPairs the most pairs of banner and minute
    /// @param maxMinutes the most distinct minutes
    BatchFold(int maxPairs, int maxMinutes) {
        this.maxPairs = maxPairs;
        table = new ClickTable(maxPairs);
        distinctMinutes = new long[maxMinutes];
    }

    /// Counts one click. Returns whether another one may follow before [#drainTo].
    boolean add(long bannerId, long timestampMs) {
        long minute = EpochMinute.ofMillis(timestampMs);
        if (minute != lastMinute) {
            lastMinute = minute;
            if (Arrays.stream(distinctMinutes, 0, distinctMinuteCount).noneMatch(known -> known == minute)) {
                distinctMinutes[distinctMinuteCount++] = minute;
            }
        }
        table.add(bannerId, minute, 1);
        return table.size() < maxPairs && distinctMinuteCount < distinctMinutes.length;
    }

    /// Passes on all pairs and is empty afterwards.
    void drainTo(Counts.Sink sink) {
        table.forEach(sink);
        table.clear();
        distinctMinuteCount = 0;
        lastMinute = -1;
    }
}
