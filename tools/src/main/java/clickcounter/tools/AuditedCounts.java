package clickcounter.tools;

import clickcounter.counts.ClickTable;
import clickcounter.counts.Counts;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.StartFailure;
import java.util.TreeMap;

/// The counts of a range of minutes or hours, recomputed from the log in order to compare them with those of the
/// database.
///
/// When there are too many, the later minutes of the range are given up, and [#toMinute()] is earlier from then
/// on: they are left to another pass through the log.
///
/// **Threads**: one.
final class AuditedCounts {
    private final int maxCounts;
    private final ClickTable table;
    private long fromMinute;
    private long toMinute;
    private long unitMinutes;

    /// @param maxCounts the most pairs of banner and minute; each takes at least 48 bytes
    AuditedCounts(int maxCounts) {
        this.maxCounts = maxCounts;
        table = new ClickTable(maxCounts);
    }

    /// Forgets everything and counts clicks of these minutes from now on.
    ///
    /// @param newUnitMinutes the unit to count by: 1 for minutes, or 60 for hours, which the range then consists
    /// of
    void begin(long newFromMinute, long newToMinute, int newUnitMinutes) {
        table.clear();
        fromMinute = newFromMinute;
        toMinute = newToMinute;
        unitMinutes = newUnitMinutes;
    }

    /// The first minute that is not counted any more.
    long toMinute() {
        return toMinute;
    }

    /// Counts a click if its minute is in the range.
    ///
    /// **Errors**: [StartFailure] when a single minute, or hour, has too many banners.
    void add(long bannerId, long timestampMillis) {
        long minute = EpochMinute.ofMillis(timestampMillis);
        minute -= minute % unitMinutes;
        if (table.size() == maxCounts && isInRange(minute) && table.get(bannerId, minute) == 0) {
            giveUpLaterMinutes(minute);
        }
        if (isInRange(minute)) {
            table.add(bannerId, minute, 1);
        }
    }

    private boolean isInRange(long minute) {
        return minute >= fromMinute && minute < toMinute;
    }

    /// Returns the clicks of a pair and marks it as compared; 0 when there are none.
    long take(long bannerId, long minute) {
        return table.take(bannerId, minute);
    }

    /// Passes on what was not taken.
    void forEachRemaining(Counts.Sink sink) {
        table.forEach((bannerId, minute, clicks) -> {
            if (clicks > 0) {
                sink.row(bannerId, minute, clicks);
            }
        });
    }

    private void giveUpLaterMinutes(long newMinute) {
        toMinute = endOfHalf(newMinute);
        var kept = new Counts.Builder(maxCounts / 2);
        table.forEach((bannerId, minute, clicks) -> {
            if (minute < toMinute) {
                kept.add(bannerId, minute, clicks);
            }
        });
        table.clear();
        kept.build().forEach(table::add);
    }

    /// Returns the latest end with which at most half of the counts are kept, but at least one minute.
    private long endOfHalf(long newMinute) {
        var countsByMinute = new TreeMap<Long, Integer>();
        countsByMinute.put(newMinute, 1);
        table.forEach((_, minute, _) -> countsByMinute.merge(minute, 1, Integer::sum));
        if (countsByMinute.size() == 1) {
            throw new StartFailure(
                    "More than %,d banners have clicks in one %s, which is more than can be compared at once."
                            .formatted(maxCounts, unitMinutes == 1 ? "minute" : "hour"));
        }
        long kept = 0;
        for (var entry : countsByMinute.entrySet()) {
            kept += entry.getValue();
            if (kept > maxCounts / 2) {
                return Math.max(entry.getKey(), countsByMinute.firstKey() + unitMinutes);
            }
        }
        throw new IllegalStateException("%d counts in a full table of %d".formatted(kept, maxCounts));
    }
}
