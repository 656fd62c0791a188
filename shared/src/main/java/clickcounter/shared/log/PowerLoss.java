package clickcounter.shared.log;

import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Detects that the machine went down while the log was being written, and keeps writers away from the cycles
/// that this may have damaged.
///
/// When the machine goes down, pages that were not forced to disk may be missing anywhere in the newest cycles. A
/// record that is appended behind such a hole would never be read. So every writer leaves a mark in the log's
/// folder, the file `writing-<process id>`, which contains the id of the machine's boot and when in that boot the
/// process was started, and deletes it after it has closed the log. A mark of another boot means that the machine
/// went down; the number of the next cycle is then written to the file `first-cycle`, and no writer appends to an
/// earlier cycle. Readers skip the holes in earlier cycles.
///
/// **Threads**: one.
final class PowerLoss implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(PowerLoss.class);
    private static final String MARK_PREFIX = "writing-";
    private static final String FIRST_CYCLE_FILE = "first-cycle";

    private static final Pattern START = Pattern.compile("\\) (?:\\S+ ){19}(\\d+) ");

    private final Path mark;

    private PowerLoss(Path mark) {
        this.mark = mark;
    }

    /// Whether the writer that had this process id is known to have ended, so that the id may be another's. A holder
    /// of the lock without a mark may be a foreign program that lives.
    static boolean hasWriterEnded(Path folder, long pid, String bootId) {
        try {
            List<String> lines = Files.readAllLines(folder.resolve(MARK_PREFIX + pid));
            String start = lines.size() > 1 ? lines.get(1) : "";
            boolean isOfThisBoot = lines.isEmpty() || lines.getFirst().equals(bootId);
            return !isOfThisBoot || (!start.isEmpty() && !start.equals(startOf(pid)));
        } catch (IOException unknown) {
            return false;
        }
    }

    /// Returns when in the machine's boot a process or a thread was started; empty where the system does not tell.
    /// The time of day would not do, because it changes when the clock is set.
    private static String startOf(long pid) {
        try {
            Matcher start = START.matcher(Files.readString(Path.of("/proc", Long.toString(pid), "stat")));
            return start.find() ? start.group(1) : "";
        } catch (IOException unknown) {
            return "";
        }
    }

    /// Deals with a power loss if there was one, and leaves this process's mark. Must be called before the queue
    /// is opened for writing.
    static PowerLoss mark(Path folder, String bootId) {
        try {
            Files.createDirectories(folder);
            List<Path> foreign = foreignMarks(folder, bootId);
            if (!foreign.isEmpty()) {
                recover(folder);
            }
            long pid = ProcessHandle.current().pid();
            String content = bootId + System.lineSeparator() + startOf(pid);
            return new PowerLoss(writeAtomically(folder, MARK_PREFIX + pid, content));
        } catch (IOException failure) {
            throw new StartFailure(
                    "The folder of the click log, %s, cannot be written: %s.".formatted(folder, failure), failure);
        }
    }

    private static void recover(Path folder) throws IOException {
        logger.warn(
                "the machine went down while the click log was being written: clicks of the last moments before that"
                        + " may be missing; new clicks go into a new cycle");
        List<Path> cycles = LogFolder.cycleFiles(folder);
        if (!cycles.isEmpty()) {
            int nextCycle = LogFolder.cycle(cycles.getLast()) + 1;
            writeAtomically(folder, FIRST_CYCLE_FILE, Integer.toString(Math.max(firstCycle(folder), nextCycle)));
        }
        for (Path cycle : cycles) {
            setAsideWithoutHeader(cycle);
        }
        setAsideWithoutHeader(folder.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE));
    }

    /// Renames a file whose first page never reached the disk, because Chronicle Queue fails at it. Such a file
    /// was created within the last `LOG_SYNC` before the power loss.
    private static void setAsideWithoutHeader(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            byte[] header = in.readNBytes(Integer.BYTES);
            if (!Arrays.equals(header, new byte[header.length])) {
                return;
            }
        }
        Path damaged = file.resolveSibling(file.getFileName() + ".damaged");
        Files.move(file, damaged, StandardCopyOption.REPLACE_EXISTING);
        logger.error("the file {} has no header and was renamed to {}", file, damaged.getFileName());
    }

    /// Returns the first cycle that may be appended to; 0 if there was no power loss.
    static int firstCycle(Path folder) throws IOException {
        try {
            return Integer.parseInt(
                    Files.readString(folder.resolve(FIRST_CYCLE_FILE)).strip());
        } catch (NoSuchFileException noPowerLoss) {
            return 0;
        }
    }

    static boolean mayHaveHoles(Path folder, int cycle, String bootId) {
        try {
            return cycle < firstCycle(folder) || !foreignMarks(folder, bootId).isEmpty();
        } catch (IOException failure) {
            throw new StartFailure(
                    "The folder of the click log, %s, cannot be read: %s.".formatted(folder, failure), failure);
        }
    }

    /// Deletes the mark. Must be called after the log was forced to disk for the last time, and closed.
    @Override
    public void close() {
        try {
            Files.deleteIfExists(mark);
        } catch (IOException failure) {
            logger.warn("the mark {} cannot be deleted: {}", mark, failure.toString());
        }
    }

    private static List<Path> foreignMarks(Path folder, String bootId) throws IOException {
        List<Path> foreign = new ArrayList<>();
        for (Path mark : marks(folder)) {
            try {
                if (!Files.readString(mark).lines().findFirst().orElse("").equals(bootId)) {
                    foreign.add(mark);
                }
            } catch (NoSuchFileException closedMeanwhile) {
                // Its writer has forced the log to disk.
            }
        }
        return foreign;
    }

    /// Deletes the marks of killed processes: what they wrote is safe while the machine runs. Must be called after
    /// their locks were released, because nothing else says that they have ended when their ids are in use again.
    static void deleteMarksOfTheDead(Path folder, String bootId) throws IOException {
        for (Path mark : marks(folder)) {
            long pid = pid(mark);
            if (ProcessHandle.of(pid).isEmpty() || hasWriterEnded(folder, pid, bootId)) {
                Files.deleteIfExists(mark);
            }
        }
    }

    private static long pid(Path mark) {
        return Long.parseLong(mark.getFileName().toString().substring(MARK_PREFIX.length()));
    }

    private static List<Path> marks(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches(MARK_PREFIX + "\\d{1,18}"))
                    .toList();
        }
    }

    /// Writes a file that is complete and on disk when this method returns; after a crash it may be missing, but
    /// is never incomplete.
    private static Path writeAtomically(Path folder, String name, String content) throws IOException {
        Path unfinished = LogFolder.createTempFile(folder, name, ".new");
        Files.writeString(unfinished, content + System.lineSeparator(), StandardOpenOption.SYNC);
        Path file = Files.move(unfinished, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        try (var directory = FileChannel.open(folder)) {
            directory.force(true);
        }
        return file;
    }
}
