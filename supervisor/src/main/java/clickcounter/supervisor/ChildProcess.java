package clickcounter.supervisor;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A run of a program as a child of this process. It prints where this process prints.
///
/// The terminal's Ctrl-C and its end reach all processes of the terminal: the child ignores both, because the
/// supervisor stops the members of the service in order. The child's standard input ends with this process.
final class ChildProcess implements Run {
    private static final Logger logger = LoggerFactory.getLogger(ChildProcess.class);

    /// Runs its arguments as a command that is not interrupted by the terminal, in the same process.
    private static final String LAUNCHER = "trap '' HUP INT; exec \"$@\"";

    private final String name;
    private final Process process;
    private final Path readyFile;
    private final Duration maxStop;

    private ChildProcess(String name, Process process, Path readyFile, Duration maxStop) {
        this.name = name;
        this.process = process;
        this.readyFile = readyFile;
        this.maxStop = maxStop;
    }

    /// @param environment settings beside those of this process
    /// @param readyFile holds the child's process id when the child is ready
    /// @param maxStop how long the child may take to stop before it is killed
    static ChildProcess start(
            String name, List<String> command, Map<String, String> environment, Path readyFile, Duration maxStop)
            throws IOException {
        Files.deleteIfExists(readyFile);
        List<String> launcher = new ArrayList<>(List.of("sh", "-c", LAUNCHER, name));
        launcher.addAll(command);
        var builder =
                new ProcessBuilder(launcher).redirectOutput(Redirect.INHERIT).redirectError(Redirect.INHERIT);
        builder.environment().putAll(environment);
        return new ChildProcess(name, builder.start(), readyFile, maxStop);
    }

    long pid() {
        return process.pid();
    }

    @Override
    public boolean isReady() {
        try {
            return Files.readString(readyFile).equals(Long.toString(pid()));
        } catch (NoSuchFileException notReady) {
            return false;
        } catch (IOException failure) {
            logger.warn("{} cannot be read: {}", readyFile, failure.toString());
            return false;
        }
    }

    @Override
    public boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public int awaitEnd() {
        return process.onExit().join().exitValue();
    }

    @Override
    public void stop() {
        process.toHandle().destroy(); // the destroy of Process would end the standard input, too
        boolean hasEnded = process.onExit()
                .thenApply(_ -> true)
                .completeOnTimeout(false, maxStop.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        if (!hasEnded) {
            logger.error("{} has not stopped within {} s and is killed", name, maxStop.toSeconds());
            process.toHandle().destroyForcibly();
        }
        awaitEnd();
    }
}
