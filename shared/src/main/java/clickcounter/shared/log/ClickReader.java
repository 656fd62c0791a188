package clickcounter.shared.log;

import clickcounter.shared.clock.MachineClock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueStore;
import net.openhft.chronicle.wire.DocumentContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads clicks from the log in the order in which they were appended.
///
/// A position is the index of the last record that was consumed. Indexes increase along the log but not by one,
/// because their upper half is the number of the cycle.
///
/// **Threads**: one at a time.
public final class ClickReader implements AutoCloseable {
    /// The position before the first record.
    public static final long START = -1;

    private static final Logger logger = LoggerFactory.getLogger(ClickReader.class);

    /// How long the reader waits for records in a cycle that has a successor, before it looks behind a hole.
    private static final Duration GAP_PATIENCE = Duration.ofSeconds(2);

    /// The log's own index contains the place of every 256th record.
    private static final long INDEX_SPACING = LogFolder.ROLL_CYCLE.defaultIndexSpacing();

    /// A record is at least a header of four bytes and, rounded up to four bytes, its content.
    private static final int MIN_RECORD_BYTES = 8;

    private static final long NONE = -1;

    private final Path folder;
    private final String bootId;
    private final UUID logId;
    private final SingleChronicleQueue queue;
    private final ExcerptTailer tailer;
    private final ClickRecord click = new ClickRecord();
    private long position = START;
    private long skippedRecords;
    private long lastProgressNs = System.nanoTime();

    /// Where in its file the record is that [#moveTailerTo] has found last.
    private long recordAddress;

    /// Whether the record at the position itself is missing, so that there is nothing to wait for.
    private boolean isInGap;

    /// Whether a hole was skipped just now, so that the reader does not wait before it looks for another one.
    private boolean isBehindGap;

    @FunctionalInterface
    public interface Sink {
        /// Takes a click; `index` increases from call to call. Returns whether to continue reading.
        boolean click(long index, long bannerId, long timestampMs);
    }

    private ClickReader(Path folder, String bootId, SingleChronicleQueue queue) {
        this.folder = folder;
        this.bootId = bootId;
        logId = LogFolder.id(folder);
        this.queue = queue;
        this.tailer = queue.createTailer();
        tailer.singleThreadedCheckDisabled(true);
    }

    /// Opens the log in `folder` at its start; creates it if it is missing.
    public static ClickReader open(Path folder) {
        return open(folder, MachineClock.currentBootId());
    }

    /// @param bootId the machine's current boot, which tests choose
    static ClickReader open(Path folder, String bootId) {
        return over(LogFolder.open(folder, new MonotonicClock(System::currentTimeMillis, 0)), folder, bootId);
    }

    /// Opens the log in `folder` to inspect it: the files are mapped read-only, so this reader cannot change
    /// them.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] if there is no log.
    public static ClickReader inspect(Path folder) {
        return over(LogFolder.openReadOnly(folder), folder, MachineClock.currentBootId());
    }

    private static ClickReader over(SingleChronicleQueue queue, Path folder, String bootId) {
        try {
            return new ClickReader(folder, bootId, queue);
        } catch (RuntimeException | Error failure) {
            queue.close();
            throw failure;
        }
    }

    public UUID logId() {
        return logId;
    }

    /// Moves to just after the record at `newPosition`, or to the start of the log. Returns false if the log has
    /// no such record; where the reader is then is undefined. After a power loss the record may be missing
    /// although it once existed; then the reader moves to before what follows it, and returns true.
    public boolean moveTo(long newPosition) {
        startAnew();
        position = newPosition;
        if (newPosition == START) {
            tailer.toStart();
            return true;
        }
        if (moveTailerTo(newPosition)) {
            return true;
        }
        isInGap = PowerLoss.mayHaveHoles(folder, LogFolder.ROLL_CYCLE.toCycle(newPosition), bootId);
        return isInGap;
    }

    /// Moves to before the first record of the cycle that contains `time`, or of the first cycle after it.
    /// Returns false if the log has no such cycle; where the reader is then is undefined.
    ///
    /// A click is never in a cycle before its time, but if the clock was set back, it may be in any later one.
    public boolean moveToCycleOf(Instant time) throws IOException {
        int firstCycle = LogFolder.ROLL_CYCLE.toCycle(firstIndexOf(time));
        startAnew();
        for (Path file : LogFolder.cycleFiles(folder)) {
            int cycle = LogFolder.cycle(file);
            if (cycle >= firstCycle && tailer.moveToCycle(cycle)) {
                position = LogFolder.ROLL_CYCLE.toIndex(cycle, 0) - 1;
                return true;
            }
        }
        return false;
    }

    /// Returns the number of the cycle that the record at `index` is in.
    public static int cycleOf(long index) {
        return LogFolder.ROLL_CYCLE.toCycle(index);
    }

    /// Returns when the cycle begins that the record at `index` is in; [Instant#EPOCH] for [#START].
    public static Instant cycleStart(long index) {
        return index == START ? Instant.EPOCH : Instant.ofEpochMilli(LogFolder.startMs(cycleOf(index)));
    }

    /// Returns the lowest index that a click at `time` or later can have, in any log.
    public static long firstIndexOf(Instant time) {
        long cycle = Math.floorDiv(time.toEpochMilli(), LogFolder.ROLL_CYCLE.lengthInMillis());
        return LogFolder.ROLL_CYCLE.toIndex(Math.toIntExact(Math.max(0, cycle)), 0);
    }

    /// Returns the cycles of the log, from the oldest to the newest. Where the reader is then is undefined.
    ///
    /// **Cost**: maps each file briefly.
    public List<LogCycle> cycles() throws IOException {
        queue.refreshDirectoryListing();
        List<LogCycle> cycles = new ArrayList<>();
        for (Path file : LogFolder.cycleFiles(folder)) {
            int cycle = LogFolder.cycle(file);
            long records = tailer.excerptsInCycle(cycle);
            SingleChronicleQueueStore store = queue.storeForCycle(cycle, 0, false, null);
            if (records < 0 || store == null) {
                continue; // It has been deleted meanwhile, or has no records yet.
            }
            long usedBytes = store.writePosition();
            queue.closeStore(store);
            cycles.add(new LogCycle(
                    Instant.ofEpochMilli(LogFolder.startMs(cycle)),
                    file,
                    LogFolder.ROLL_CYCLE.toIndex(cycle, 0),
                    records,
                    usedBytes));
        }
        return cycles;
    }

    private void startAnew() {
        queue.refreshDirectoryListing();
        lastProgressNs = System.nanoTime();
        isInGap = false;
        isBehindGap = false;
    }

    /// Moves the tailer to just after the record at `index`. Returns whether it exists. If it does not, Chronicle
    /// may move on to the next one, so only the index of what was read can be trusted.
    private boolean moveTailerTo(long index) {
        if (!tailer.moveToIndex(index)) {
            return false;
        }
        try (DocumentContext document = tailer.readingDocument()) {
            if (!document.isPresent() || document.index() != index) {
                return false;
            }
            recordAddress = document.wire().bytes().readPosition();
            return true;
        }
    }

    /// Reads up to `max` records and passes the clicks to `sink`. Returns how many records were consumed; if they
    /// are fewer than `max`, the end of the log was reached, or `sink` wanted no more. If `sink` throws an
    /// exception, this method does, too, and the record counts as consumed.
    public int read(int max, Sink sink) {
        int count = isInGap ? 0 : readOn(max, sink);
        if (count > 0) {
            lastProgressNs = System.nanoTime();
            return count;
        }
        if (!isInGap && !isBehindGap && System.nanoTime() - lastProgressNs < GAP_PATIENCE.toNanos()) {
            return 0;
        }
        lastProgressNs = System.nanoTime();
        return passGap(max, sink);
    }

    private int readOn(int max, Sink sink) {
        for (int count = 0; count < max; count++) {
            try (DocumentContext document = tailer.readingDocument()) {
                if (!document.isPresent()) {
                    return count;
                }
                position = document.index();
                if (!click.read(document.wire())) {
                    skippedRecords++;
                } else if (!sink.click(position, click.bannerId(), click.timestampMs())) {
                    return count + 1;
                }
            }
        }
        return max;
    }

    /// Continues to read behind a hole that a power loss has left, if there is one.
    private int passGap(int max, Sink sink) {
        long behind = firstReadableBehind();
        isBehindGap = false;
        if (!isInGap) {
            // Records that were appended meanwhile are no gap: a cycle that has a successor is complete.
            moveTailerBack();
            int count = readOn(max, sink);
            if (count > 0) {
                return count;
            }
        }
        if (behind == NONE) {
            return 0;
        }
        reportGap(behind);
        tailer.moveToIndex(behind);
        isInGap = false;
        isBehindGap = true;
        return readOn(max, sink);
    }

    /// Returns the first index behind a hole after the position that can be read, or [#NONE]. A record without a
    /// header stops a tailer forever, but the log's own index contains the place of every 256th record, also of
    /// those behind it. So up to 255 intact clicks may be skipped together with the missing ones.
    ///
    /// No writer appends behind a hole ([PowerLoss]), so only a cycle that has a successor can have one.
    private long firstReadableBehind() {
        queue.refreshDirectoryListing();
        int lastCycle = queue.lastCycle();
        int cycle = position == START ? queue.firstCycle() : LogFolder.ROLL_CYCLE.toCycle(position);
        if (cycle >= lastCycle) {
            return NONE;
        }
        long sequence = position == START
                ? 0
                : (LogFolder.ROLL_CYCLE.toSequenceNumber(position) / INDEX_SPACING + 1) * INDEX_SPACING;
        for (; cycle <= lastCycle; cycle++) {
            long maxRecords = maxRecords(cycle, sequence);
            for (; sequence < maxRecords; sequence += INDEX_SPACING) {
                long index = LogFolder.ROLL_CYCLE.toIndex(cycle, sequence);
                if (moveTailerTo(index)) {
                    return index;
                }
            }
            sequence = 0;
        }
        return NONE;
    }

    /// Returns how many records the cycle has at most: those up to the last readable one before `sequence`, and
    /// behind it as many of the shortest ones as its file has room for.
    private long maxRecords(int cycle, long sequence) {
        long known = sequence - INDEX_SPACING;
        while (known >= 0 && !moveTailerTo(LogFolder.ROLL_CYCLE.toIndex(cycle, known))) {
            known -= INDEX_SPACING;
        }
        long usedBytes = LogFolder.usedBytes(LogFolder.file(folder, cycle));
        return known < 0 ? usedBytes / MIN_RECORD_BYTES : known + 1 + (usedBytes - recordAddress) / MIN_RECORD_BYTES;
    }

    private void moveTailerBack() {
        if (position == START) {
            tailer.toStart();
        } else {
            moveTailerTo(position);
        }
    }

    private void reportGap(long behind) {
        boolean isSameCycle =
                LogFolder.ROLL_CYCLE.toCycle(position) == LogFolder.ROLL_CYCLE.toCycle(behind) && position != START;
        logger.error(
                "the log has a hole between 0x{} and 0x{}: {} are missing; reading continues behind it",
                Long.toHexString(position),
                Long.toHexString(behind),
                isSameCycle
                        ? "at most %d clicks".formatted(behind - position - 1)
                        : "the end of a cycle, at most the clicks of one LOG_SYNC before the machine went down");
    }

    /// Returns the index of the last record that was consumed, or [#START].
    public long position() {
        return position;
    }

    /// Returns how many records this reader has skipped because they are no clicks.
    public long skippedRecords() {
        return skippedRecords;
    }

    @Override
    public void close() {
        tailer.close();
        queue.close();
    }
}
