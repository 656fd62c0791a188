package clickcounter.query;

import clickcounter.shared.log.ClickReader;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A stretch of the log in memory: every click after the index up to which clicks were dropped, without a gap,
/// as far as the log was read.
///
/// **Threads**: one changes it; any thread takes a [View] and reads that, without locks. What was added is seen
/// by others after [#publish()].
final class KeptClicks {
    /// Nothing is known to be kept: no position can be continued from here.
    private static final long UNKNOWN = Long.MAX_VALUE;

    private volatile View view = new View(new ClickChunk[0], ClickReader.START, 0);
    private @Nullable ClickChunk filling;
    private long through = ClickReader.START;
    private int count;

    /// What is kept at one moment; clicks that are published later may show up at its end.
    ///
    /// @param droppedThrough index of the last click that was dropped; all later ones are kept
    /// @param droppedMillis time of that click; 0 when it is not known
    @SuppressWarnings("ArrayRecordComponent") // never changed and never handed out
    record View(ClickChunk[] chunks, long droppedThrough, long droppedMillis) {
        /// No clicks, whatever the position.
        static final View EMPTY = new View(new ClickChunk[0], ClickReader.START, 0);

        /// Whether no click after `index` is missing.
        boolean continues(long index) {
            return droppedThrough <= index;
        }

        /// Whether nothing is known of the clicks after the database's position, now or later.
        boolean isLost() {
            return droppedThrough == UNKNOWN;
        }

        /// How far the log is known from here.
        End end() {
            for (int at = chunks.length - 1; at >= 0; at--) {
                int size = chunks[at].size();
                if (size > 0) {
                    return new End(chunks[at].index(size - 1), chunks[at].timeMillis(size - 1));
                }
            }
            return new End(droppedThrough, droppedMillis);
        }

        /// Passes on the clicks of the minutes from `fromMinute` to before `toMinute` that stand after the
        /// index `after` and not after `through`.
        void forEach(long fromMinute, long toMinute, long after, long through, ClickSink sink) {
            for (ClickChunk chunk : chunks) {
                chunk.forEach(fromMinute, toMinute, after, through, sink);
            }
        }
    }

    /// The last click that is known: its index and its time, which is 0 when it is not known.
    record End(long index, long timeMillis) {}

    View view() {
        return view;
    }

    /// How many clicks are kept.
    int count() {
        return count;
    }

    /// Index of the last click that was added, or up to which clicks were dropped when none was since.
    long through() {
        return through;
    }

    /// Adds the next click of the log.
    void add(long index, long bannerId, long timeMillis) {
        if (filling == null || filling.isFull()) {
            publish();
            filling = new ClickChunk();
            ClickChunk[] chunks = Arrays.copyOf(view.chunks, view.chunks.length + 1);
            chunks[chunks.length - 1] = filling;
            view = new View(chunks, view.droppedThrough, view.droppedMillis);
        }
        filling.add(index, bannerId, timeMillis);
        through = index;
        count++;
    }

    /// Shows all that was added.
    void publish() {
        if (filling != null) {
            filling.publish();
        }
    }

    /// Drops clicks up to the index `committed`; whole chunks only, so some of them may stay.
    void dropThrough(long committed) {
        publish();
        ClickChunk[] chunks = view.chunks;
        int dropped = 0;
        while (dropped < chunks.length && chunks[dropped].index(chunks[dropped].size() - 1) <= committed) {
            count -= chunks[dropped].size();
            dropped++;
        }
        if (dropped == 0) {
            return;
        }
        if (dropped == chunks.length) {
            filling = null;
        }
        ClickChunk last = chunks[dropped - 1];
        view = new View(
                Arrays.copyOfRange(chunks, dropped, chunks.length),
                last.index(last.size() - 1),
                last.timeMillis(last.size() - 1));
    }

    /// Forgets everything; what is added next is the click after `position`.
    void restartAfter(long position) {
        filling = null;
        through = position;
        count = 0;
        view = new View(new ClickChunk[0], position, 0);
    }

    /// Forgets everything, and does not know what comes next.
    void lose() {
        restartAfter(UNKNOWN);
    }
}
