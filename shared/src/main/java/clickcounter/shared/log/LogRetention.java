package clickcounter.shared.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes old cycles of the log. A cycle stays until every click in it is in the database, whatever the limits.
///
/// Deleting is safe while other processes read and write the log: they keep the files that they use open.
///
/// **Threads**: one.
public final class LogRetention {
    private static final Logger logger = LoggerFactory.getLogger(LogRetention.class);

    private final Path folder;
    private final Duration maxAge;
    private final long maxBytes;

    /// @param maxAge cycles that ended longer ago than this are deleted
    /// @param maxBytes the oldest cycles are deleted while all files together are larger than this
    public LogRetention(Path folder, Duration maxAge, long maxBytes) {
        this.folder = folder;
        this.maxAge = maxAge;
        this.maxBytes = maxBytes;
    }

    /// Deletes the cycles that exceed a limit. The cycle of `committed`, the position in the database, always
    /// stays, because reading continues there. Returns how many files were deleted.
    public int apply(long committed, Instant now) throws IOException {
        if (committed == ClickReader.START) {
            return 0;
        }
        Path committedFile = LogFolder.file(folder, LogFolder.ROLL_CYCLE.toCycle(committed));
        Path oldestToKeep = LogFolder.file(folder, cycleAt(now.minus(maxAge)));
        List<Path> cycles = LogFolder.cycleFiles(folder);
        long bytes = 0;
        for (Path cycle : cycles) {
            bytes += Files.size(cycle);
        }
        int deleted = 0;
        for (Path cycle : cycles) {
            boolean isCommitted = cycle.compareTo(committedFile) < 0;
            if (!isCommitted || (cycle.compareTo(oldestToKeep) >= 0 && bytes <= maxBytes)) {
                break;
            }
            bytes -= Files.size(cycle);
            Files.delete(cycle);
            deleted++;
        }
        if (deleted > 0) {
            logger.info("{} old files of the log deleted, {} MiB left", deleted, bytes >> 20);
        }
        return deleted;
    }

    private static int cycleAt(Instant time) {
        return (int) Math.max(0, time.toEpochMilli() / LogFolder.ROLL_CYCLE.lengthInMillis());
    }
}
