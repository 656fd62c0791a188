package clickcounter.aggregator;

import java.util.Arrays;

/// Counts the clicks of one batch on the heap, so that the shards see each banner once per batch and not once
/// per click: here a click costs some 15 ns, there some 200 ns.
///
/// An open-addressing hash table on (banner, minute) with linear probing. It tells when it is full, by banners
/// or by minutes, and takes no more before it is drained.
///
/// **Threads**: one.
final class BatchFold {
    private static final int MILLIS_PER_MINUTE = 60_000;

    /// 2^64 divided by the golden ratio, made odd: Fibonacci hashing (Knuth, The Art of Computer Programming,
    /// 6.4).
    private static final long FIBONACCI = 0x9E37_79B9_7F4A_7C15L;

    /// Where pairs go when the batch is done.
    @FunctionalInterface
    interface Sink {
        void add(long bannerId, long minute, long clicks);
    }

    private final int maxPairs;
    private final int maxMinutes;
    private final int shift;
    private final long[] bannerIds;
    private final long[] minutes;

    /// 0 marks a free place.
    private final long[] clicks;

    private int pairs;

    private final long[] distinctMinutes;
    private int distinctMinuteCount;
    private long lastMinute = -1;

    /// @param maxPairs most pairs of banner and minute; the table has at least twice as many places
    /// @param maxMinutes most different minutes
    BatchFold(int maxPairs, int maxMinutes) {
        this.maxPairs = maxPairs;
        this.maxMinutes = maxMinutes;
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(maxPairs * 2 - 1);
        shift = Long.SIZE - bits;
        bannerIds = new long[1 << bits];
        minutes = new long[1 << bits];
        clicks = new long[1 << bits];
        distinctMinutes = new long[maxMinutes];
    }

    /// Counts one click. Returns whether another one may follow before [#drainTo].
    boolean add(long bannerId, long timestampMillis) {
        long minute = timestampMillis / MILLIS_PER_MINUTE;
        int at = (int) (((bannerId * 31 + minute) * FIBONACCI) >>> shift);
        while (clicks[at] != 0 && (bannerIds[at] != bannerId || minutes[at] != minute)) {
            at = (at + 1) & (clicks.length - 1);
        }
        if (clicks[at]++ == 0) {
            bannerIds[at] = bannerId;
            minutes[at] = minute;
            pairs++;
            noteMinute(minute);
        }
        return pairs < maxPairs && distinctMinuteCount < maxMinutes;
    }

    /// Passes all pairs on and is empty then.
    void drainTo(Sink sink) {
        for (int at = 0; at < clicks.length && pairs > 0; at++) {
            if (clicks[at] != 0) {
                sink.add(bannerIds[at], minutes[at], clicks[at]);
                clicks[at] = 0;
                pairs--;
            }
        }
        distinctMinuteCount = 0;
        lastMinute = -1;
    }

    private void noteMinute(long minute) {
        if (minute == lastMinute) {
            return;
        }
        lastMinute = minute;
        if (Arrays.stream(distinctMinutes, 0, distinctMinuteCount).noneMatch(known -> known == minute)) {
            distinctMinutes[distinctMinuteCount++] = minute;
        }
    }
}
