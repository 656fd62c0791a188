package clickcounter.shared.log;

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
/// A position is the index of the last record that was consumed. It grows along the log but not by ones: the
/// number of the cycle stands in the upper half.
///
/// **Threads**: one at a time.
public final class ClickReader implements AutoCloseable {
    /// The position before the first record.
    public static final long START = -1;

    private static final Logger logger = LoggerFactory.getLogger(ClickReader.class);

    /// How long nothing is readable, while there is a later cycle, before the reader looks behind a hole.
    private static final Duration GAP_PATIENCE = Duration.ofSeconds(2);

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

    /// The position itself is missing: there is nothing to wait for.
    private boolean isInGap;

    /// Behind one hole there may be another one in the same cycle: no need to be patient.
    private boolean isBehindGap;

    /// Where clicks go.
    @FunctionalInterface
    public interface Sink {
        /// One click; `index` grows from call to call. Returns whether to go on reading after it.
        boolean click(long index, long bannerId, long timestampMillis);
    }

    private ClickReader(Path folder, String bootId, SingleChronicleQueue queue) {
        this.folder = folder;
        this.bootId = bootId;
        logId = LogFolder.id(folder);
        this.queue = queue;
        this.tailer = queue.createTailer();
        tailer.singleThreadedCheckDisabled(true);
    }

    /// Opens the log in `folder`, which is made when it is missing, at its start.
    public static ClickReader open(Path folder) {
        return open(folder, PowerLoss.bootId());
    }

    /// On another boot of the machine, too.
    static ClickReader open(Path folder, String bootId) {
        return over(LogFolder.open(folder, new MonotonicClock(System::currentTimeMillis, 0)), folder, bootId);
    }

    /// Opens the log in `folder` to look at it: its files are mapped read-only, so nothing that is done with
    /// this reader changes or locks them.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] when there is no log.
    public static ClickReader inspect(Path folder) {
        return over(LogFolder.openReadOnly(folder), folder, PowerLoss.bootId());
    }

    private static ClickReader over(SingleChronicleQueue queue, Path folder, String bootId) {
        try {
            return new ClickReader(folder, bootId, queue);
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
    /// nowhere useful, when the log has no such record. After a power loss the record may be missing although
    /// it was once there; the reader then stands before what follows it.
    public boolean moveTo(long newPosition) {
        queue.refreshDirectoryListing();
        position = newPosition;
        lastProgressNs = System.nanoTime();
        isInGap = false;
        isBehindGap = false;
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

    /// Moves to before the first record of the cycle that holds `time`, or of the first one after it. A click
    /// is never in a cycle before its own time, but it may be in any later one, after the clock was set back.
    /// Returns false, and moves nowhere useful, when the log has no cycle from then on.
    public boolean moveToCycleOf(Instant time) throws IOException {
        int firstCycle = LogFolder.ROLL_CYCLE.toCycle(firstIndexOf(time));
        queue.refreshDirectoryListing();
        lastProgressNs = System.nanoTime();
        isInGap = false;
        isBehindGap = false;
        for (Path file : LogFolder.cycleFiles(folder)) {
            int cycle = LogFolder.cycle(file);
            if (cycle >= firstCycle && tailer.moveToCycle(cycle)) {
                position = LogFolder.ROLL_CYCLE.toIndex(cycle, 0) - 1;
                return true;
            }
        }
        return false;
    }

    /// The least index that a click of that time, or of a later one, can have, in any log.
    public static long firstIndexOf(Instant time) {
        long cycle = Math.floorDiv(time.toEpochMilli(), LogFolder.ROLL_CYCLE.lengthInMillis());
        return LogFolder.ROLL_CYCLE.toIndex(Math.toIntExact(Math.max(0, cycle)), 0);
    }

    /// The cycles that the log has now, from the oldest to the newest. Moves the reader to an unknown place.
    ///
    /// **Cost**: maps each file for a moment.
    public List<LogCycle> cycles() throws IOException {
        queue.refreshDirectoryListing();
        List<LogCycle> cycles = new ArrayList<>();
        for (Path file : LogFolder.cycleFiles(folder)) {
            int cycle = LogFolder.cycle(file);
            long records = tailer.excerptsInCycle(cycle);
            SingleChronicleQueueStore store = queue.storeForCycle(cycle, 0, false, null);
            if (records < 0 || store == null) {
                continue; // Deleted meanwhile, or not begun yet.
            }
            long usedBytes = store.writePosition();
            queue.closeStore(store);
            cycles.add(new LogCycle(
                    Instant.ofEpochMilli(LogFolder.startMillis(cycle)),
                    file,
                    LogFolder.ROLL_CYCLE.toIndex(cycle, 0),
                    records,
                    usedBytes));
        }
        return cycles;
    }

    /// Consumes the record. One that is not there moves the tailer to the next one: only the index of what is
    /// read can be trusted.
    private boolean moveTailerTo(long index) {
        if (!tailer.moveToIndex(index)) {
            return false;
        }
        try (DocumentContext document = tailer.readingDocument()) {
            return document.isPresent() && document.index() == index;
        }
    }

    /// Reads what there is, at most `most` records, and passes the clicks on. Returns how many records were
    /// consumed; fewer than `most` means that the end was reached, unless `sink` wanted no more. What `sink`
    /// throws is thrown; the record then counts as consumed.
    public int read(int most, Sink sink) {
        int count = isInGap ? 0 : readOn(most, sink);
        if (count > 0) {
            lastProgressNs = System.nanoTime();
            return count;
        }
        if (!isInGap && !isBehindGap && System.nanoTime() - lastProgressNs < GAP_PATIENCE.toNanos()) {
            return 0;
        }
        lastProgressNs = System.nanoTime();
        return passGap(most, sink);
    }

    private int readOn(int most, Sink sink) {
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

    /// Reads on behind a hole that a power loss has left, if there is one.
    private int passGap(int most, Sink sink) {
        long behind = firstReadableBehind();
        isBehindGap = false;
        if (!isInGap) {
            // What has been appended since the last look is no gap. A cycle that has a successor is complete.
            moveTailerBack();
            int count = readOn(most, sink);
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
        return readOn(most, sink);
    }

    /// The first index behind the position that can be read although what is before it cannot, or [#NONE]. A
    /// record without a header stops a tailer for ever; the log's own index knows the place of every 256th
    /// record behind it. So up to 255 clicks that are intact may be given up with those that are missing.
    ///
    /// Nobody appends behind a hole ([PowerLoss]): only a cycle that has a successor can have one.
    private long firstReadableBehind() {
        queue.refreshDirectoryListing();
        int lastCycle = queue.lastCycle();
        int cycle = position == START ? queue.firstCycle() : LogFolder.ROLL_CYCLE.toCycle(position);
        if (cycle >= lastCycle) {
            return NONE;
        }
        long spacing = LogFolder.ROLL_CYCLE.defaultIndexSpacing();
        long sequence =
                position == START ? 0 : (LogFolder.ROLL_CYCLE.toSequenceNumber(position) / spacing + 1) * spacing;
        for (; cycle <= lastCycle; cycle++) {
            long mostRecords = LogFolder.file(folder, cycle).toFile().length() / ClickRecord.LENGTH;
            for (; sequence < mostRecords; sequence += spacing) {
                long index = LogFolder.ROLL_CYCLE.toIndex(cycle, sequence);
                if (moveTailerTo(index)) {
                    return index;
                }
            }
            sequence = 0;
        }
        return NONE;
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
                "the log has a hole between 0x{} and 0x{}: {} are missing; reading goes on behind it",
                Long.toHexString(position),
                Long.toHexString(behind),
                isSameCycle
                        ? "at most %d clicks".formatted(behind - position - 1)
                        : "the end of a cycle, at most the clicks of one LOG_SYNC before the machine went down");
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
