package clickcounter.shared.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;

/// Measures the log while others write and read it: how many records it has, how old they are, and how large its
/// files are. A position is the index of a record, as in [ClickReader].
///
/// **Threads**: one.
public final class LogMeter implements AutoCloseable {
    private final Path folder;
    private final SingleChronicleQueue queue;
    private final ExcerptTailer tailer;
    private final ClickRecord click = new ClickRecord();

    /// The size of the log.
    ///
    /// @param files how many files there are, one for each cycle
    /// @param bytes how large they are as `LOG_MAX_SIZE` counts it, including the reserve of the newest file
    public record Size(int files, long bytes) {}

    private LogMeter(Path folder) {
        this.folder = folder;
        queue = LogFolder.open(folder, new MonotonicClock(System::currentTimeMillis, 0));
        tailer = queue.createTailer();
        tailer.singleThreadedCheckDisabled(true);
    }

    /// Opens the log in `folder`; creates it if it is missing.
    public static LogMeter open(Path folder) {
        return new LogMeter(folder);
    }

    /// Returns the position of the last record, or [ClickReader#START] if there is none.
    public long end() {
        queue.refreshDirectoryListing();
        return queue.lastIndex();
    }

    /// Returns how many records follow the one at `position`, up to and including the one at `end`.
    public long records(long position, long end) {
        if (position >= end) {
            return 0;
        }
        if (position == ClickReader.START) {
            return 1 + records(queue.firstIndex(), end);
        }
        return queue.countExcerpts(position, end);
    }

    /// Returns the time of the first click after `position`, in milliseconds since 1970, or 0 if there is none.
    public long firstTimeMsAfter(long position) {
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
                    return click.timestampMs();
                }
            }
        }
    }

    public Size size() throws IOException {
        int files = 0;
        long bytes = 0;
        for (Path cycle : LogFolder.cycleFiles(folder)) {
            try {
                bytes += Files.size(cycle);
                files++;
            } catch (NoSuchFileException deleted) {
                // The retention has deleted it meanwhile.
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
