package clickcounter.query.tail;

import clickcounter.shared.log.ClickReader;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A part of the log in memory, without gaps: all clicks from the position up to which clicks were dropped to the
/// last click that was read.
///
/// **Threads**: one thread changes it. Any thread may take a [View] and read it without locks; it sees what was
/// added before the last [#publish()].
public final class KeptClicks {
    /// It is not known which clicks are kept, so no position can be continued.
    private static final long UNKNOWN = Long.MAX_VALUE;

    private volatile View view = new View(new ClickChunk[0], ClickReader.START, 0);
    private @Nullable ClickChunk filling;
    private long lastIndex = ClickReader.START;
    private int count;

    KeptClicks() {}

    /// The clicks that are kept at one moment. Clicks that are published later may appear at its end.
    ///
    /// @param droppedPosition index of the last click that was dropped; all later ones are kept
    /// @param droppedMs time of that click; 0 if it is not known
    @SuppressWarnings("ArrayRecordComponent") // never changed and never handed out
    public record View(ClickChunk[] chunks, long droppedPosition, long droppedMs) {
        /// Has no clicks, whatever the position.
        public static final View EMPTY = new View(new ClickChunk[0], ClickReader.START, 0);

        /// Returns whether all clicks that follow `position` are here.
        public boolean continues(long position) {
            return droppedPosition <= position;
        }

        /// Returns whether nothing is known about the clicks after the database's position, now or later.
        public boolean isLost() {
            return droppedPosition == UNKNOWN;
        }

        /// Returns how far the log is known.
        public End end() {
            for (int at = chunks.length - 1; at >= 0; at--) {
                int size = chunks[at].size();
                if (size > 0) {
                    return new End(chunks[at].index(size - 1), chunks[at].timeMs(size - 1));
                }
            }
            return new End(droppedPosition, droppedMs);
        }

        /// Passes on the clicks from `fromMinute` to before `toMinute` whose index is greater than `position` and
        /// at most `lastIndex`.
        public void forEach(long fromMinute, long toMinute, long position, long lastIndex, ClickSink sink) {
            for (ClickChunk chunk : chunks) {
                chunk.forEach(fromMinute, toMinute, position, lastIndex, sink);
            }
        }
    }

    /// The last click that is known.
    ///
    /// @param timeMs 0 if it is not known
    public record End(long index, long timeMs) {}

    View view() {
        return view;
    }

    /// Returns how many clicks are kept.
    int count() {
        return count;
    }

    /// Returns the index of the last click that was added or, if none was, the position up to which clicks were
    /// dropped.
    long lastIndex() {
        return lastIndex;
    }

    /// Adds the next click of the log.
    void add(long index, long bannerId, long timeMs) {
        if (filling == null || filling.isFull()) {
            publish();
            filling = new ClickChunk();
            ClickChunk[] chunks = Arrays.copyOf(view.chunks, view.chunks.length + 1);
            chunks[chunks.length - 1] = filling;
            view = new View(chunks, view.droppedPosition, view.droppedMs);
        }
        filling.add(index, bannerId, timeMs);
        lastIndex = index;
        count++;
    }

    /// Makes all added clicks visible to other threads.
    void publish() {
        if (filling != null) {
            filling.publish();
        }
    }

    /// Drops clicks that the database has counted up to `position`. Only whole chunks are dropped, so some of
    /// these clicks may stay.
    void drop(long position) {
        publish();
        ClickChunk[] chunks = view.chunks;
        int dropped = 0;
        while (dropped < chunks.length && chunks[dropped].index(chunks[dropped].size() - 1) <= position) {
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
                last.timeMs(last.size() - 1));
    }

    /// Forgets everything. The next click that is added is the first one after `position`.
    void restart(long position) {
        filling = null;
        lastIndex = position;
        count = 0;
        view = new View(new ClickChunk[0], position, 0);
    }

    /// Forgets everything, and does not know which click comes next.
    void lose() {
        restart(UNKNOWN);
    }
}
