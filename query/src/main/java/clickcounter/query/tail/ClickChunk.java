package clickcounter.query.tail;

import clickcounter.shared.EpochMinute;

/// A fixed number of clicks in the order of the log, in three arrays that are only appended to.
///
/// **Threads**: one thread adds and publishes; the others see what was published before they look.
final class ClickChunk {
    /// Large enough that a million clicks need few objects, small enough that committed clicks are dropped soon.
    static final int CAPACITY = 8192;

    private final long[] indexes = new long[CAPACITY];
    private final long[] bannerIds = new long[CAPACITY];
    private final long[] timesMs = new long[CAPACITY];
    private int filled;
    private volatile int size;

    boolean isFull() {
        return filled == CAPACITY;
    }

    void add(long index, long bannerId, long timeMs) {
        indexes[filled] = index;
        bannerIds[filled] = bannerId;
        timesMs[filled] = timeMs;
        filled++;
    }

    /// Makes the added clicks visible to other threads.
    void publish() {
        if (size != filled) {
            size = filled;
        }
    }

    int size() {
        return size;
    }

    /// Returns the index in the log of the click at `at`, which is less than [#size()].
    long index(int at) {
        return indexes[at];
    }

    long timeMs(int at) {
        return timesMs[at];
    }

    /// Passes on the clicks from `fromMinute` to before `toMinute` whose index is greater than `position` and at
    /// most `lastIndex`.
    void forEach(long fromMinute, long toMinute, long position, long lastIndex, ClickSink sink) {
        int published = size;
        int end = firstBehind(lastIndex, published);
        long fromMs = EpochMinute.start(fromMinute).toEpochMilli();
        long toMs = EpochMinute.start(toMinute).toEpochMilli();
        for (int at = firstBehind(position, published); at < end; at++) {
            if (timesMs[at] >= fromMs && timesMs[at] < toMs) {
                sink.click(bannerIds[at], timesMs[at]);
            }
        }
    }

    private int firstBehind(long position, int published) {
        int low = 0;
        int high = published;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (indexes[middle] <= position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
