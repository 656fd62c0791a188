package clickcounter.shared.log;

import java.nio.file.Path;
import java.util.UUID;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;

/// Reads clicks from the log in the order in which they were appended.
///
/// A position is the index of the last record that was consumed. It grows along the log but not by ones: the
/// number of the cycle stands in the upper half.
///
/// **Threads**: one at a time.
public final class ClickReader implements AutoCloseable {
    /// The position before the first record.
    public static final long START = -1;

    private final UUID logId;
    private final SingleChronicleQueue queue;
    private final ExcerptTailer tailer;
    private final ClickRecord click = new ClickRecord();
    private long position = START;
    private long skippedRecords;

    /// Where clicks go.
    @FunctionalInterface
    public interface Sink {
        /// One click; `index` grows from call to call. Returns whether to go on reading after it.
        boolean click(long index, long bannerId, long timestampMillis);
    }

    private ClickReader(UUID logId, SingleChronicleQueue queue) {
        this.logId = logId;
        this.queue = queue;
        this.tailer = queue.createTailer();
        tailer.singleThreadedCheckDisabled(true);
    }

    /// Opens the log in `folder`, which is made when it is missing, at its start.
    public static ClickReader open(Path folder) {
        var queue = LogFolder.open(folder, new MonotonicClock(System::currentTimeMillis, 0));
        try {
            return new ClickReader(LogFolder.id(folder), queue);
        } catch (RuntimeException | Error failure) {
            queue.close();
            throw failure;
        }
    }

    /// The identity of the log.
    public UUID logId() {
        return logId;
    }

    /// Moves to just after the record at `newPosition`, or to the start of the log. Returns false, and moves
    /// nowhere useful, when the log has no such record.
    public boolean moveTo(long newPosition) {
        queue.refreshDirectoryListing();
        position = newPosition;
        if (newPosition == START) {
            tailer.toStart();
            return true;
        }
        // A record that is not there moves the tailer to the next one: only the index of what is read can be
        // trusted.
        if (!tailer.moveToIndex(newPosition)) {
            return false;
        }
        try (DocumentContext document = tailer.readingDocument()) {
            return document.isPresent() && document.index() == newPosition;
        }
    }

    /// Reads what there is, at most `most` records, and passes the clicks on. Returns how many records were
    /// consumed; fewer than `most` means that the end was reached. What `sink` throws is thrown; the record
    /// then counts as consumed.
    public int read(int most, Sink sink) {
        for (int count = 0; count < most; count++) {
            try (DocumentContext document = tailer.readingDocument()) {
                if (!document.isPresent()) {
                    return count;
                }
                position = document.index();
                if (!click.read(document.wire())) {
                    skippedRecords++;
                } else if (!sink.click(position, click.bannerId(), click.timestampMillis())) {
                    return count + 1;
                }
            }
        }
        return most;
    }

    /// The index of the last record that was consumed, or [#START].
    public long position() {
        return position;
    }

    /// How many records were no clicks, since this reader was opened. They are passed over.
    public long skippedRecords() {
        return skippedRecords;
    }

    @Override
    public void close() {
        tailer.close();
        queue.close();
    }
}
