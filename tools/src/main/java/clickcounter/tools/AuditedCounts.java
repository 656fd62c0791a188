package clickcounter.tools;

import clickcounter.counts.ClickTable;
import clickcounter.counts.Counts;
import clickcounter.counts.Unit;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.StartFailure;

/// The counts of a range of minutes or hours, recomputed from the log in order to compare them with those of the
/// database.
///
/// When there are too many, the later part of the range is given up, and [#toMinute()] is earlier from then on:
/// the rest is left to another pass through the log.
///
/// **Threads**: one.
final class AuditedCounts {
    private final int maxCounts;
    private final ClickTable table;
    private Unit unit = Unit.MINUTE;
    private long fromMinute;
    private long toMinute;

    /// @param maxCounts the most pairs of banner and minute; each takes at least 48 bytes
    AuditedCounts(int maxCounts) {
        this.maxCounts = maxCounts;
        table = new ClickTable(maxCounts);
    }

    /// Forgets everything and counts the clicks of this range, which consists of whole units, from now on.
    void begin(Unit newUnit, long newFromMinute, long newToMinute) {
        table.clear();
        unit = newUnit;
        fromMinute = newFromMinute;
        toMinute = newToMinute;
    }

    /// The first minute that is not counted any more.
    long toMinute() {
        return toMinute;
    }

    /// Counts a click if its minute is in the range.
    ///
    /// **Errors**: [StartFailure] when a single minute, or hour, has too many banners.
    void add(long bannerId, long timestampMs) {
        long minute = unit.floor(EpochMinute.ofMillis(timestampMs));
        while (table.size() == maxCounts && isInRange(minute) && table.get(bannerId, minute) == 0) {
            giveUpLaterHalf(minute);
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

    /// Halves the time from the first to the last unit that has clicks.
    ///
    /// @param newMinute the unit of a click that is not in the table
    private void giveUpLaterHalf(long newMinute) {
        long[] ends = {newMinute, newMinute};
        table.forEach((_, minute, _) -> {
            ends[0] = Math.min(ends[0], minute);
            ends[1] = Math.max(ends[1], minute);
        });
        if (ends[0] == ends[1]) {
            throw new StartFailure(
                    "More than %,d banners have clicks in one %s, which is more than can be compared at once."
                            .formatted(maxCounts, unit.word()));
        }
        toMinute = unit.next(unit.floor((ends[0] + ends[1] - 1) / 2));
        var kept = new Counts.Builder(maxCounts / 2);
        table.forEach((bannerId, minute, clicks) -> {
            if (minute < toMinute) {
                kept.add(bannerId, minute, clicks);
            }
        });
        table.clear();
        kept.build().forEach(table::add);
    }
}
