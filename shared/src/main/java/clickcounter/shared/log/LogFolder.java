package clickcounter.shared.log;

import static java.util.concurrent.TimeUnit.MICROSECONDS;

import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
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

/// The folder of a log: the queue's files, opened with the same settings by everyone, and `log.id`, the name
/// under which the database knows the log.
final class LogFolder {
    /// 1.07e9 clicks in ten minutes are 1.79 million a second; deleting old clicks is fine-grained.
    static final RollCycles ROLL_CYCLE = RollCycles.TEN_MINUTELY;

    /// How long a reader waits for a half-made cycle file, and a writer for a lock that a living process holds.
    static final int TIMEOUT_MILLIS = 2_000;

    private static final DateTimeFormatter CYCLE_NAME =
            DateTimeFormatter.ofPattern(ROLL_CYCLE.format(), Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final String ID_FILE = "log.id";

    private LogFolder() {}

    /// The queue in `folder`, which is made when it is missing.
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

    /// The queue in `folder` for readers that change nothing.
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
                .timeoutMS(TIMEOUT_MILLIS)
                .timeProvider(clock)
                // Several writers on few cores: yields early instead of spinning until the time slice ends.
                .pauserSupplier(() -> new LongPauser(200, 50, 20, 200, MICROSECONDS));
    }

    /// The id of the log in `folder`, made by whoever asks first, in whichever process.
    static UUID id(Path folder) {
        Path file = folder.resolve(ID_FILE);
        try {
            if (!Files.exists(file)) {
                createId(folder, file);
            }
            return UUID.fromString(Files.readString(file).strip());
        } catch (IOException failure) {
            throw new StartFailure("The log's identity %s cannot be read: %s.".formatted(file, failure), failure);
        } catch (IllegalArgumentException notAUuid) {
            throw new StartFailure(
                    "The log's identity %s does not hold a UUID. Restore the file, or move the folder away to begin a new log."
                            .formatted(file.toAbsolutePath()),
                    notAUuid);
        }
    }

    /// Linking a complete file into place is atomic and fails when another process was faster.
    private static void createId(Path folder, Path file) throws IOException {
        Files.createDirectories(folder);
        Path complete = createTempFile(folder, "log", ".id.new");
        try {
            Files.writeString(complete, UUID.randomUUID() + System.lineSeparator());
            Files.createLink(file, complete);
        } catch (FileAlreadyExistsException anotherWasFaster) {
            // Theirs counts.
        } finally {
            Files.deleteIfExists(complete);
        }
    }

    /// A temporary file that the group may read, as it may the other files of the log; Java's own are private.
    static Path createTempFile(Path folder, String prefix, String suffix) throws IOException {
        return Files.createTempFile(
                folder,
                prefix,
                suffix,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
    }

    /// When the newest cycle begins; 0 when there is none.
    static long lastCycleStartMillis(SingleChronicleQueue queue) {
        int cycle = queue.lastCycle();
        return cycle == Integer.MIN_VALUE ? 0 : startMillis(cycle);
    }

    static long startMillis(int cycle) {
        return (long) cycle * ROLL_CYCLE.lengthInMillis();
    }

    /// The file of a cycle is named after its start, in UTC.
    static Path file(Path folder, int cycle) {
        String name = CYCLE_NAME.format(Instant.ofEpochMilli(startMillis(cycle)));
        return folder.resolve(name + SingleChronicleQueue.SUFFIX);
    }

    /// The cycle of a file that [#file] names.
    static int cycle(Path file) {
        String name = file.getFileName().toString();
        Instant start = CYCLE_NAME.parse(
                name.substring(0, name.length() - SingleChronicleQueue.SUFFIX.length()), Instant::from);
        return Math.toIntExact(start.toEpochMilli() / ROLL_CYCLE.lengthInMillis());
    }

    /// The files of all cycles, from the oldest to the newest, which is the order of their names.
    static List<Path> cycleFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(SingleChronicleQueue.SUFFIX))
                    .sorted()
                    .toList();
        }
    }
}
