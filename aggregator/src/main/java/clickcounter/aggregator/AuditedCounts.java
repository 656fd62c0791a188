package clickcounter.aggregator;

import clickcounter.counts.Counts;
import clickcounter.shared.StartFailure;
import java.util.Arrays;
import java.util.TreeMap;

/// The counts of a range of minutes, or hours, made anew from the log, for comparing them with those of the
/// database.
///
/// An open-addressing hash table on (banner, minute) with linear probing. When it is full, the later
/// minutes of the range are given up, and [#toMinute()] is earlier from then on: they are for another pass
/// through the log.
///
/// **Threads**: one.
final class AuditedCounts {
    private static final int MILLIS_PER_MINUTE = 60_000;

    /// Fibonacci hashing, as in [BatchFold].
    private static final long FIBONACCI = 0x9E37_79B9_7F4A_7C15L;

    /// Marks a count that has been compared; its place stays taken.
    private static final long TAKEN = -1;

    private final int maxCounts;
    private final int shift;
    private final long[] bannerIds;
    private final long[] minutes;

    /// 0 marks a free place.
    private final long[] clicks;

    private int size;
    private long fromMinute;
    private long toMinute;
    private long unitMinutes;

    /// @param maxCounts most pairs of banner and minute; each takes 48 bytes at least
    AuditedCounts(int maxCounts) {
        this.maxCounts = maxCounts;
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(maxCounts * 2 - 1);
        shift = Long.SIZE - bits;
        bannerIds = new long[1 << bits];
        minutes = new long[1 << bits];
        clicks = new long[1 << bits];
    }

    /// Forgets everything and takes clicks of these minutes from now on.
    ///
    /// @param newUnitMinutes what clicks are counted by: 1, or 60 for hours, which the range then consists
    /// of
    void begin(long newFromMinute, long newToMinute, int newUnitMinutes) {
        Arrays.fill(clicks, 0);
        size = 0;
        fromMinute = newFromMinute;
        toMinute = newToMinute;
        unitMinutes = newUnitMinutes;
    }

    /// The first minute that it does not take.
    long toMinute() {
        return toMinute;
    }

    /// Counts a click if its minute is in the range.
    ///
    /// **Errors**: [StartFailure] when one minute, or hour, alone is too much.
    void add(long bannerId, long timestampMillis) {
        long minute = timestampMillis / MILLIS_PER_MINUTE;
        if (minute < fromMinute || minute >= toMinute) {
            return;
        }
        minute -= minute % unitMinutes;
        int at = placeOf(bannerId, minute);
        if (clicks[at] == 0) {
            if (size == maxCounts) {
                giveLaterMinutesUp(minute);
                add(bannerId, timestampMillis);
                return;
            }
            bannerIds[at] = bannerId;
            minutes[at] = minute;
            size++;
        }
        clicks[at]++;
    }

    /// Returns the clicks of the pair, which is compared then; 0 when there are none.
    long take(long bannerId, long minute) {
        int at = placeOf(bannerId, minute);
        long found = clicks[at];
        if (found > 0) {
            clicks[at] = TAKEN;
        }
        return found;
    }

    /// Passes on what was not taken.
    void forEachRemaining(Counts.Sink sink) {
        for (int at = 0; at < clicks.length; at++) {
            if (clicks[at] > 0) {
                sink.row(bannerIds[at], minutes[at], clicks[at]);
            }
        }
    }

    private int placeOf(long bannerId, long minute) {
        int at = (int) (((bannerId * 31 + minute) * FIBONACCI) >>> shift);
        while (clicks[at] != 0 && (bannerIds[at] != bannerId || minutes[at] != minute)) {
            at = (at + 1) & (clicks.length - 1);
        }
        return at;
    }

    private void giveLaterMinutesUp(long newMinute) {
        toMinute = endOfHalf(newMinute);
        var kept = new Counts.Builder(maxCounts / 2);
        forEachRemaining((bannerId, minute, count) -> {
            if (minute < toMinute) {
                kept.add(bannerId, minute, count);
            }
        });
        Counts counts = kept.build();
        Arrays.fill(clicks, 0);
        size = counts.size();
        for (int row = 0; row < size; row++) {
            int at = placeOf(counts.bannerIds()[row], counts.minutes()[row]);
            bannerIds[at] = counts.bannerIds()[row];
            minutes[at] = counts.minutes()[row];
            clicks[at] = counts.clicks()[row];
        }
    }

    /// The latest end with which at most half of the counts are kept, but one minute at least.
    private long endOfHalf(long newMinute) {
        var countsByMinute = new TreeMap<Long, Integer>();
        countsByMinute.put(newMinute, 1);
        forEachRemaining((_, minute, _) -> countsByMinute.merge(minute, 1, Integer::sum));
        if (countsByMinute.size() == 1) {
            throw new StartFailure(
                    "More than %,d banners have clicks in one %s, which is more than is compared at once."
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
