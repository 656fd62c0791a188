package clickcounter.ingest;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/// A connection whose requests a [ClickLoop] answers, and what is left over from its last pass.
///
/// **Threads**: the loop's.
final class ClickConnection extends Queued {
    private static final byte[] NOTHING = {};

    final SocketChannel channel;

    /// The request whose body is arriving.
    @Nullable
    Request pending;

    /// How many bytes of the body of [#pending] have not arrived.
    long missingBodyBytes;

    /// Whether the connection is closed as soon as all answers are sent.
    boolean closes;

    /// Whether the next request is none that the loop answers.
    boolean isForHelidon;

    /// Whether the last read brought as much as there was room for, so that more may be waiting.
    boolean hasMore;

    /// Whether the loop has closed it or given it away.
    boolean hasLeft;

    /// The beginning of a head whose end has not arrived.
    private byte[] headSoFar = NOTHING;

    /// Answers that the client has not taken.
    private ByteBuffer unsent = ByteBuffer.wrap(NOTHING);

    /// The kept bytes that the loop knows about.
    private int knownKeptBytes;

    /// A request that was read to the end of its head.
    record Request(ClickRequest.Kind kind, long bannerId, boolean isHead, Origin origin) {}

    ClickConnection(SocketChannel channel) {
        this.channel = channel;
    }

    /// Whether a request has begun to arrive.
    boolean isReceiving() {
        return pending != null || headSoFar.length > 0;
    }

    /// Returns by how many bytes more, or fewer, are kept than at the last call.
    int newlyKeptBytes() {
        int more = headSoFar.length + unsent.remaining() - knownKeptBytes;
        knownKeptBytes += more;
        return more;
    }

    /// Returns how many kept bytes the loop knows about.
    int knownKeptBytes() {
        return knownKeptBytes;
    }

    void keepHead(ByteBuffer bytes) {
        headSoFar = bytes.hasRemaining() ? rest(bytes) : NOTHING;
    }

    /// Puts what has arrived of a head before what arrives now.
    void restoreHead(ByteBuffer in) {
        in.put(headSoFar);
        headSoFar = NOTHING;
    }

    byte[] takeHead() {
        return headSoFar;
    }

    void keepUnsent(ByteBuffer bytes) {
        unsent = ByteBuffer.wrap(rest(bytes));
    }

    ByteBuffer unsent() {
        return unsent;
    }

    static byte[] rest(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
