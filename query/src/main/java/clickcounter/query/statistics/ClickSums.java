package clickcounter.query.statistics;

import java.util.Arrays;

/// Clicks by banner, for the clicks that are not in the database: an open-addressing hash table with linear
/// probing.
///
/// **Threads**: one.
///
/// **Cost**: about 10 ns per click; a map of objects costs ten times as much.
public final class ClickSums {
    /// 2^64 divided by the golden ratio, made odd: Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4).
    private static final long FIBONACCI = 0x9E37_79B9_7F4A_7C15L;

    private static final int FIRST_BITS = 8;

    /// 0 marks a free place, because no banner has that id.
    private long[] bannerIds = new long[1 << FIRST_BITS];

    private long[] clicks = new long[1 << FIRST_BITS];
    private int shift = Long.SIZE - FIRST_BITS;
    private int size;

    /// Receives the sums.
    @FunctionalInterface
    interface Sink {
        void sum(long bannerId, long clicks);
    }

    public void add(long bannerId, long clickCount) {
        int at = placeOf(bannerId);
        if (bannerIds[at] == 0) {
            if (++size * 2 > bannerIds.length) {
                grow();
                at = placeOf(bannerId);
            }
            bannerIds[at] = bannerId;
        }
        clicks[at] += clickCount;
    }

    /// Returns 0 for a banner that was not added.
    public long get(long bannerId) {
        return clicks[placeOf(bannerId)];
    }

    public long total() {
        return Arrays.stream(clicks).sum();
    }

    long[] bannerIds() {
        return Arrays.stream(bannerIds).filter(id -> id != 0).toArray();
    }

    void forEach(Sink sink) {
        for (int at = 0; at < bannerIds.length; at++) {
            if (bannerIds[at] != 0) {
                sink.sum(bannerIds[at], clicks[at]);
            }
        }
    }

    public void clear() {
        if (size > 0) {
            Arrays.fill(bannerIds, 0);
            Arrays.fill(clicks, 0);
            size = 0;
        }
    }

    private int placeOf(long bannerId) {
        int at = (int) ((bannerId * FIBONACCI) >>> shift);
        while (bannerIds[at] != 0 && bannerIds[at] != bannerId) {
            at = (at + 1) & (bannerIds.length - 1);
        }
        return at;
    }

    private void grow() {
        long[] oldIds = bannerIds;
        long[] oldClicks = clicks;
        bannerIds = new long[oldIds.length * 2];
        clicks = new long[oldIds.length * 2];
        shift--;
        for (int old = 0; old < oldIds.length; old++) {
            if (oldIds[old] != 0) {
                int at = placeOf(oldIds[old]);
                bannerIds[at] = oldIds[old];
                clicks[at] = oldClicks[old];
            }
        }
    }
}
