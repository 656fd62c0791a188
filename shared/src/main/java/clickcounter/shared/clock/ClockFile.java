package clickcounter.shared.clock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The file in which all processes of a host keep the [ClockState], so that each of them knows the same time,
/// also after a restart.
///
/// It is written in place: a process that is killed leaves it complete, and after a power loss an incomplete
/// one counts as none.
///
/// **Threads**: one at a time; other processes lock the file for the moment of a change.
public final class ClockFile {
    private static final Logger logger = LoggerFactory.getLogger(ClockFile.class);
    private static final String NAME = "clock";
    private static final int MAX_BYTES = 4_096;

    private final Path file;

    /// The file of the host whose log is in this folder. It is beside the folder, so it stays when the log is
    /// replaced.
    public ClockFile(Path logFolder) {
        file = logFolder.resolveSibling(NAME);
    }

    /// Returns what is known now, or empty if no process has kept the time here.
    public Optional<ClockState> now(MachineClock machine) throws IOException {
        return read().map(known -> known.next(machine.read()));
    }

    /// Returns what was written last, or empty if nothing was.
    Optional<ClockState> read() throws IOException {
        try {
            return parse(Files.readString(file));
        } catch (NoSuchFileException nothing) {
            return Optional.empty();
        }
    }

    /// Believes the system clock from now on, in all processes. Returns false, and changes nothing, if another
    /// process is just changing the file.
    public boolean accept(MachineClock machine) throws IOException {
        return update(_ -> ClockState.trusting(machine.read())).isPresent();
    }

    /// Replaces what is known, and returns it. Returns empty, and changes nothing, if another process is just
    /// doing that. It is not waited for, because it may be frozen.
    Optional<ClockState> update(Function<Optional<ClockState>, ClockState> change) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        try (var channel = FileChannel.open(
                        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
                var lock = channel.tryLock()) {
            if (lock == null) {
                return Optional.empty();
            }
            var content = ByteBuffer.allocate(MAX_BYTES);
            channel.read(content, 0);
            ClockState changed =
                    change.apply(parse(new String(content.array(), 0, content.position(), StandardCharsets.UTF_8)));
            byte[] text = changed.text().getBytes(StandardCharsets.UTF_8);
            channel.write(ByteBuffer.wrap(text), 0);
            channel.truncate(text.length);
            return Optional.of(changed);
        } catch (OverlappingFileLockException anotherOfThisProcess) {
            return Optional.empty();
        }
    }

    private Optional<ClockState> parse(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(ClockState.parse(text));
        } catch (IllegalArgumentException incomplete) {
            logger.warn(
                    "the file {} is incomplete, so the system clock is believed: {}", file, incomplete.getMessage());
            return Optional.empty();
        }
    }
}
