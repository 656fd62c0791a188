package clickcounter.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// What processes, together with their children, use of the machine, as Linux sees it.
///
/// @param pids whose children count, too
public record ProcessUsage(List<Long> pids) {
    /// The unit of processor time in `/proc` (USER_HZ), the same on every Linux.
    private static final long MICROS_PER_TICK = 10_000;

    private static final int USER_TICKS_FIELD = 11;
    private static final int SYSTEM_TICKS_FIELD = 12;

    /// Processor time since the start of each process, user and system.
    public long cpuMicros() {
        return ofEach("stat")
                        .mapToLong(stat -> {
                            // The name in parentheses may hold spaces; what follows it does not.
                            String[] fields =
                                    stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
                            return Long.parseLong(fields[USER_TICKS_FIELD])
                                    + Long.parseLong(fields[SYSTEM_TICKS_FIELD]);
                        })
                        .sum()
                * MICROS_PER_TICK;
    }

    /// Resident memory that is the processes' own: heap, code, stacks, buffers, but not the pages of the log's
    /// files.
    public long ownBytes() {
        return ofEach("status")
                .flatMap(String::lines)
                .filter(line -> line.startsWith("RssAnon:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .sum();
    }

    /// A file of `/proc` of each process that has not ended yet.
    private Stream<String> ofEach(String file) {
        Stream<Long> withDescendants = pids.stream()
                .flatMap(pid -> ProcessHandle.of(pid).stream())
                .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
                .map(ProcessHandle::pid)
                .distinct();
        return withDescendants.flatMap(pid -> {
            try {
                return Stream.of(Files.readString(Path.of("/proc", Long.toString(pid), file)));
            } catch (NoSuchFileException hasEnded) {
                return Stream.empty();
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }
}
