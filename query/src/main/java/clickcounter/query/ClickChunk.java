package clickcounter.query;

/// Clicks in the order of the log, up to a fixed number: three arrays that only ever grow.
///
/// **Threads**: one adds and publishes; any other sees what was published before it asked.
final class ClickChunk {
    /// Large enough that a million clicks are few objects, small enough that committed clicks go soon.
    static final int CAPACITY = 8192;

    private static final int MILLIS_PER_MINUTE = 60_000;

    private final long[] indexes = new long[CAPACITY];
    private final long[] bannerIds = new long[CAPACITY];
    private final long[] timesMillis = new long[CAPACITY];
    private int filled;
    private volatile int size;

    boolean isFull() {
        return filled == CAPACITY;
    }

    void add(long index, long bannerId, long timeMillis) {
        indexes[filled] = index;
        bannerIds[filled] = bannerId;
        timesMillis[filled] = timeMillis;
        filled++;
    }

    /// Shows to other threads what was added.
    void publish() {
        if (size != filled) {
            size = filled;
        }
    }

    int size() {
        return size;
    }

    /// The index in the log of the click at a place below [#size()].
    long index(int at) {
        return indexes[at];
    }

    long timeMillis(int at) {
        return timesMillis[at];
    }

    /// Passes on the clicks of the minutes from `fromMinute` to before `toMinute` that stand after the index
    /// `after` and not after `through`.
    void forEach(long fromMinute, long toMinute, long after, long through, ClickSink sink) {
        int published = size;
        int end = firstAfter(through, published);
        long fromMillis = fromMinute * MILLIS_PER_MINUTE;
        long toMillis = toMinute * MILLIS_PER_MINUTE;
        for (int at = firstAfter(after, published); at < end; at++) {
            if (timesMillis[at] >= fromMillis && timesMillis[at] < toMillis) {
                sink.click(bannerIds[at], timesMillis[at]);
            }
        }
    }

    private int firstAfter(long after, int published) {
        int low = 0;
        int high = published;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (indexes[middle] <= after) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
