package clickcounter.counts;

import java.security.SecureRandom;
import java.util.Arrays;

/// Clicks by banner and minute on the heap: a hash table with open addressing and linear probing. It is made for
/// single clicks, of which there are very many: it has no object for any of them.
///
/// A caller that does not tell minutes apart passes [#ANY_MINUTE].
///
/// **Threads**: one.
///
/// **Cost**: at least 48 bytes for each pair of banner and minute.
public final class ClickTable {
    public static final long ANY_MINUTE = 0;

    private static final SecureRandom random = new SecureRandom();

    /// Random odd multipliers (Dietzfelbinger et al., A Reliable Randomized Algorithm for the Closest-Pair Problem,
    /// 1997): nobody outside can choose banner ids that share a place. Each table has its own, because pairs that
    /// are taken from one in the order of their places would crowd in another one with the same.
    private final long bannerMultiplier;

    private final long minuteMultiplier;

    /// 0 marks a free place: no banner has this id. The number of places is a power of two, and at least twice
    /// the number of pairs.
    private long[] bannerIds;

    private long[] minutes;
    private long[] clicks;
    private int shift;
    private int size;

    /// Starts with little memory.
    public ClickTable() {
        this(128);
    }

    /// @param expectedPairs how many pairs it holds before it grows
    public ClickTable(int expectedPairs) {
        this(expectedPairs, random.nextLong() | 1, random.nextLong() | 1);
    }

    private ClickTable(int expectedPairs, long bannerMultiplier, long minuteMultiplier) {
        this.bannerMultiplier = bannerMultiplier;
        this.minuteMultiplier = minuteMultiplier;
        int places = Integer.highestOneBit(expectedPairs * 2 - 1) * 2;
        bannerIds = new long[places];
        minutes = new long[places];
        clicks = new long[places];
        shift = Long.numberOfLeadingZeros(places) + 1;
    }

    /// Adds clicks, which may be none: the pair is in the table afterwards.
    public void add(long bannerId, long minute, long clickCount) {
        int at = placeOf(bannerId, minute);
        if (bannerIds[at] == bannerId) {
            clicks[at] += clickCount;
            return;
        }
        if (size * 2 == bannerIds.length) {
            grow();
            at = placeOf(bannerId, minute);
        }
        bannerIds[at] = bannerId;
        minutes[at] = minute;
        clicks[at] = clickCount;
        size++;
    }

    /// Returns the clicks of a pair; 0 when there is no such pair.
    public long get(long bannerId, long minute) {
        int at = placeOf(bannerId, minute);
        return bannerIds[at] == 0 ? 0 : clicks[at];
    }

    /// Returns the clicks of a pair like [#get] and sets them to 0; the pair stays in the table.
    public long take(long bannerId, long minute) {
        long taken = get(bannerId, minute);
        clicks[placeOf(bannerId, minute)] = 0;
        return taken;
    }

    /// How many pairs there are.
    public int size() {
        return size;
    }

    /// Returns the clicks of all pairs together.
    public long total() {
        long total = 0;
        for (int at = 0; at < bannerIds.length; at++) {
            total += bannerIds[at] == 0 ? 0 : clicks[at];
        }
        return total;
    }

    /// Returns the banner of each pair, in any order.
    public long[] bannerIds() {
        return Arrays.stream(bannerIds).filter(bannerId -> bannerId != 0).toArray();
    }

    /// Passes on all pairs, in any order.
    public void forEach(Counts.Sink sink) {
        for (int at = 0, left = size; left > 0; at++) {
            if (bannerIds[at] != 0) {
                sink.row(bannerIds[at], minutes[at], clicks[at]);
                left--;
            }
        }
    }

    /// Removes all pairs.
    public void clear() {
        if (size > 0) {
            Arrays.fill(bannerIds, 0);
            size = 0;
        }
    }

    /// Returns the place of a pair, or the free place where it belongs. This is the only place that hashes ids.
    private int placeOf(long bannerId, long minute) {
        long hash = bannerId * bannerMultiplier + minute * minuteMultiplier;
        int at = (int) (hash >>> shift);
        while (bannerIds[at] != 0 && (bannerIds[at] != bannerId || minutes[at] != minute)) {
            at = (at + 1) & (bannerIds.length - 1);
        }
        return at;
    }

    private void grow() {
        var larger = new ClickTable(bannerIds.length, bannerMultiplier, minuteMultiplier);
        forEach(larger::add);
        shift = larger.shift;
        bannerIds = larger.bannerIds;
        minutes = larger.minutes;
        clicks = larger.clicks;
    }
}
