package clickcounter.shared.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;

/// Measures the log by its own numbering, beside those who write and read it: how many records it has, how old
/// they are, how large its files are. A position is the index of a record, as for [ClickReader].
///
/// **Threads**: one.
public final class LogMeter implements AutoCloseable {
    private final Path folder;
    private final SingleChronicleQueue queue;
    private final ExcerptTailer tailer;
    private final ClickRecord click = new ClickRecord();

    /// The files of the log.
    ///
    /// @param files how many cycles are kept
    /// @param bytes their size as `LOG_MAX_SIZE` counts it, with what the newest file has in reserve
    public record Size(int files, long bytes) {}

    private LogMeter(Path folder) {
        this.folder = folder;
        queue = LogFolder.open(folder, new MonotonicClock(System::currentTimeMillis, 0));
        tailer = queue.createTailer();
        tailer.singleThreadedCheckDisabled(true);
    }

    /// Opens the log in `folder`, which is made when it is missing.
    public static LogMeter open(Path folder) {
        return new LogMeter(folder);
    }

    /// The position of the last record, or [ClickReader#START] when there is none.
    public long end() {
        queue.refreshDirectoryListing();
        return queue.lastIndex();
    }

    /// How many records stand after the position `after`, up to and with the one at `through`.
    public long records(long after, long through) {
        if (after >= through) {
            return 0;
        }
        if (after == ClickReader.START) {
            return 1 + records(queue.firstIndex(), through);
        }
        return queue.countExcerpts(after, through);
    }

    /// The time of the first click after the position, in milliseconds since 1970; 0 when there is none.
    public long firstTimeMillisAfter(long position) {
        if (position == ClickReader.START) {
            tailer.toStart();
        } else if (!tailer.moveToIndex(position)) {
            return 0;
        } else {
            try (DocumentContext counted = tailer.readingDocument()) {
                if (!counted.isPresent()) {
                    return 0;
                }
            }
        }
        while (true) {
            try (DocumentContext document = tailer.readingDocument()) {
                if (!document.isPresent()) {
                    return 0;
                }
                if (click.read(document.wire())) {
                    return click.timestampMillis();
                }
            }
        }
    }

    /// How large the log is.
    public Size size() throws IOException {
        int files = 0;
        long bytes = 0;
        for (Path cycle : LogFolder.cycleFiles(folder)) {
            try {
                bytes += Files.size(cycle);
                files++;
            } catch (NoSuchFileException deleted) {
                // By the retention, meanwhile.
            }
        }
        return new Size(files, bytes);
    }

    @Override
    public void close() {
        tailer.close();
        queue.close();
    }
}
