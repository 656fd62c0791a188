package clickcounter.endtoend;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// One real process of ours: a Java virtual machine with the class path that `run.sh` gives it.
final class ServiceProcess implements AutoCloseable {
    static final Path ROOT = Path.of(System.getProperty("clickcounter.root"));
    private static final Duration MAX_START = Duration.ofSeconds(60);
    private static final Duration MAX_STOP = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(10);

    private final String name;
    private final String mainClass;
    private final Map<String, String> environment;
    private final Path readyFile;
    private final Path output;
    private Process process;

    /// @param name `ingest`, `aggregator` or `query`: a module's name
    /// @param environment its settings; `DATA_DIR` is among them
    ServiceProcess(String name, String mainClass, Map<String, String> environment) {
        this.name = name;
        this.mainClass = mainClass;
        this.environment = Map.copyOf(environment);
        Path dataFolder = Path.of(environment.get("DATA_DIR"));
        readyFile = dataFolder.resolve("run").resolve(name + ".ready");
        output = dataFolder.resolve(name + ".log");
        process = launch();
    }

    private Process launch() {
        try {
            Files.createDirectories(output.getParent());
            var builder = new ProcessBuilder(command())
                    .directory(ROOT.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
            builder.environment().keySet().removeIf(key -> key.startsWith("DATABASE_") || key.startsWith("SERVICE_"));
            builder.environment().putAll(environment);
            return builder.start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private List<String> command() throws IOException {
        Path libraries = ROOT.resolve(name).resolve("target").resolve("lib");
        List<String> jars = new ArrayList<>();
        try (Stream<Path> files = Files.list(libraries)) {
            files.map(Path::toString)
                    .filter(file -> file.endsWith(".jar"))
                    .sorted()
                    .forEach(jars::add);
        }
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + ROOT.resolve("config/jvm.options"),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-cp",
                String.join(File.pathSeparator, jars),
                mainClass);
    }

    /// Waits until it says that it is ready.
    ServiceProcess awaitReady() {
        long deadlineNs = System.nanoTime() + MAX_START.toNanos();
        while (!isReady()) {
            if (!process.isAlive() || System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("%s has not become ready. Its output:%n%s".formatted(name, output()));
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        return this;
    }

    private boolean isReady() {
        try {
            return Files.readString(readyFile).equals(Long.toString(process.pid()));
        } catch (IOException notYet) {
            return false;
        }
    }

    /// As `kill -9` does; returns when it is gone.
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /// Starts it again after [#kill] or [#stop].
    void restart() {
        process = launch();
    }

    /// As SIGTERM does; returns its exit code.
    int stop() {
        process.destroy();
        return awaitEnd();
    }

    /// Waits for it to end by itself; returns its exit code.
    int awaitEnd() {
        try {
            if (!process.waitFor(MAX_STOP.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("%s has not ended. Its output:%n%s".formatted(name, output()));
            }
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    /// Sends a signal by its name, such as `STOP`.
    void signal(String signal) {
        try {
            int status = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new AssertionError("kill -%s %d failed".formatted(signal, process.pid()));
            }
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// All that it has printed, over all its starts.
    String output() {
        try {
            return Files.readString(output);
        } catch (IOException failure) {
            return "no output: " + failure;
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        awaitEnd();
    }
}
