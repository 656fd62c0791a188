package clickcounter.ingest;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// The site whose page a browser sends a request from, as its header `Origin` says. It is empty for a request from no
/// page of another site.
///
/// The answer must name it (Fetch standard, 3.2.5): a browser that has cookies for this host takes no asterisk, and
/// says so in the console of every page with a beacon.
///
/// **Threads**: one.
final class Origin {
    /// The longest name of a host, its scheme and its port are shorter. A longer one gets no answer for other sites.
    static final int MAX_BYTES = 288;

    static final Origin NONE = new Origin(new byte[0]);

    private final byte[] bytes;
    private int length;

    /// Holds any origin, one after the other.
    Origin() {
        bytes = new byte[MAX_BYTES];
    }

    private Origin(byte[] bytes) {
        this.bytes = bytes;
        length = bytes.length;
    }

    void clear() {
        length = 0;
    }

    void set(ByteBuffer buffer, int start, int end) {
        length = end - start <= MAX_BYTES ? end - start : 0;
        buffer.get(start, bytes, 0, length);
    }

    /// Returns one that does not change.
    Origin copy() {
        return length == 0 ? NONE : new Origin(Arrays.copyOf(bytes, length));
    }

    boolean isEmpty() {
        return length == 0;
    }

    void writeTo(ByteBuffer out) {
        out.put(bytes, 0, length);
    }
}
