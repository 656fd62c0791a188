package clickcounter.shared.log;

import static java.util.concurrent.TimeUnit.MICROSECONDS;

import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.threads.LongPauser;

/// The folder of a log. It contains the queue's files, which all processes must open with the same settings, and
/// `log.id`, the identity by which the database knows the log.
final class LogFolder {
    /// A cycle holds 1.07e9 clicks, which is 1.79 million per second, and ten minutes are short enough to delete
    /// old clicks in small steps.
    static final RollCycles ROLL_CYCLE = RollCycles.TEN_MINUTELY;

    /// How long a reader waits for a half-created cycle file, and a writer for the lock of a living process.
    static final int TIMEOUT_MS = 2_000;

    private static final DateTimeFormatter CYCLE_NAME =
            DateTimeFormatter.ofPattern(ROLL_CYCLE.format(), Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final int BLOCK_BYTES = 1 << 16;
    private static final String ID_FILE = "log.id";

    private LogFolder() {}

    /// Opens the queue in `folder` for reading and writing; creates it if it is missing.
    static SingleChronicleQueue open(Path folder, MonotonicClock clock) {
        try {
            Files.createDirectories(folder);
            return builder(folder, clock).build();
        } catch (IOException | RuntimeException failure) {
            throw new StartFailure(
                    "The click log in %s cannot be opened: %s. Check that the folder is on a local file system and that this user may write to it."
                            .formatted(folder.toAbsolutePath(), failure),
                    failure);
        }
    }

    /// Opens the queue in `folder` for a reader that changes nothing.
    static SingleChronicleQueue openReadOnly(Path folder) {
        for (String file : List.of(SingleChronicleQueue.QUEUE_METADATA_FILE, ID_FILE)) {
            if (!Files.exists(folder.resolve(file))) {
                throw new StartFailure("There is no click log in %s (%s is missing). Set DATA_DIR to its folder."
                        .formatted(folder.toAbsolutePath(), file));
            }
        }
        try {
            return builder(folder, new MonotonicClock(System::currentTimeMillis, 0))
                    .readOnly(true)
                    .build();
        } catch (RuntimeException failure) {
            throw new StartFailure(
                    "The click log in %s cannot be opened: %s. Check that this user may read it."
                            .formatted(folder.toAbsolutePath(), failure),
                    failure);
        }
    }

    private static SingleChronicleQueueBuilder builder(Path folder, MonotonicClock clock) {
        return SingleChronicleQueueBuilder.binary(folder)
                .rollCycle(ROLL_CYCLE)
                .timeoutMS(TIMEOUT_MS)
                .timeProvider(clock)
                // With several writers on few cores, a writer must yield early instead of spinning.
                .pauserSupplier(() -> new LongPauser(200, 50, 20, 200, MICROSECONDS));
    }

    /// Returns the identity of the log in `folder`. The first process that asks creates it.
    static UUID id(Path folder) {
        Path file = folder.resolve(ID_FILE);
        try {
            if (!Files.exists(file)) {
                createId(folder, file);
            }
            return UUID.fromString(Files.readString(file).strip());
        } catch (IOException failure) {
            throw new StartFailure(
                    "The identity of the click log, %s, cannot be read: %s.".formatted(file, failure), failure);
        } catch (IllegalArgumentException notAUuid) {
            throw new StartFailure(
                    "The identity of the click log, %s, does not contain a UUID. Restore the file, or move the folder away to start a new log."
                            .formatted(file.toAbsolutePath()),
                    notAUuid);
        }
    }

    /// Links a complete file into place, which is atomic and fails if another process was faster.
    private static void createId(Path folder, Path file) throws IOException {
        Files.createDirectories(folder);
        Path complete = createTempFile(folder, "log", ".id.new");
        try {
            Files.writeString(complete, UUID.randomUUID() + System.lineSeparator());
            Files.createLink(file, complete);
        } catch (FileAlreadyExistsException anotherWasFaster) {
            // The other process's identity counts.
        } finally {
            Files.deleteIfExists(complete);
        }
    }

    /// Creates a temporary file that the group may read, as it may the other files of the log. Java's own
    /// temporary files are private.
    static Path createTempFile(Path folder, String prefix, String suffix) throws IOException {
        return Files.createTempFile(
                folder,
                prefix,
                suffix,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
    }

    /// Returns when the newest cycle begins, or 0 if there is none.
    static long lastCycleStartMs(SingleChronicleQueue queue) {
        int cycle = queue.lastCycle();
        return cycle == Integer.MIN_VALUE ? 0 : startMs(cycle);
    }

    static long startMs(int cycle) {
        return (long) cycle * ROLL_CYCLE.lengthInMillis();
    }

    /// Returns the file of a cycle, which is named after the cycle's start in UTC.
    static Path file(Path folder, int cycle) {
        String name = CYCLE_NAME.format(Instant.ofEpochMilli(startMs(cycle)));
        return folder.resolve(name + SingleChronicleQueue.SUFFIX);
    }

    /// Returns the cycle whose [#file] this is.
    static int cycle(Path file) {
        String name = file.getFileName().toString();
        Instant start = CYCLE_NAME.parse(
                name.substring(0, name.length() - SingleChronicleQueue.SUFFIX.length()), Instant::from);
        return Math.toIntExact(start.toEpochMilli() / ROLL_CYCLE.lengthInMillis());
    }

    /// Returns where the content of a cycle's file ends, rounded up to a block; the rest of the file is a reserve
    /// of zeros. Returns 0 if there is no such file.
    static long usedBytes(Path file) {
        try (var channel = FileChannel.open(file)) {
            var block = ByteBuffer.allocate(BLOCK_BYTES);
            var zeros = ByteBuffer.allocate(BLOCK_BYTES);
            long start = channel.size();
            do {
                start = Math.max(0, start - BLOCK_BYTES);
                channel.read(block.clear(), start);
            } while (start > 0 && zeros.equals(block.rewind()));
            return start + BLOCK_BYTES;
        } catch (NoSuchFileException missing) {
            return 0;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Returns the files of all cycles from the oldest to the newest, which is the order of their names.
    static List<Path> cycleFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(SingleChronicleQueue.SUFFIX))
                    .sorted()
                    .toList();
        }
    }
}
