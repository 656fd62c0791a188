package clickcounter.shared.log;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/// Ten minutes of the log, which are one file.
///
/// @param start when it began; no click in it is younger than its end
/// @param file larger than what is used of it: it grows ahead of the writers, as a sparse file
/// @param firstIndex the position of its first record
/// @param records how many it has
/// @param usedBytes how much of the file is written
public record LogCycle(Instant start, Path file, long firstIndex, long records, long usedBytes) {
    /// How long each one lasts.
    public static final Duration LENGTH = Duration.ofMillis(LogFolder.ROLL_CYCLE.lengthInMillis());
}
