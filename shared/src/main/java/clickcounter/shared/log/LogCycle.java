package clickcounter.shared.log;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/// A cycle of the log: ten minutes, which are one file.
///
/// @param start when the cycle begins; no click in it is younger than its end
/// @param file the file, which is sparse and grows ahead of the writers: it is larger than what is used of it
/// @param firstIndex the index of the first record
/// @param records how many records it contains
/// @param usedBytes how many bytes of the file are written
public record LogCycle(Instant start, Path file, long firstIndex, long records, long usedBytes) {
    public static final Duration LENGTH = Duration.ofMillis(LogFolder.ROLL_CYCLE.lengthInMillis());
}
