package clickcounter.endtoend;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// One real process of ours: a Java virtual machine with the class path that `run.sh` gives it.
///
/// **Threads**: any; one at a time starts and ends it.
final class ServiceProcess implements AutoCloseable {
    static final Path ROOT = Path.of(System.getProperty("clickcounter.root"));

    /// What a process that was killed exits with, as the shell and Java see it.
    static final int KILLED = 128 + 9;

    private static final Duration MAX_START = Duration.ofSeconds(90);
    private static final Duration MAX_STOP = Duration.ofSeconds(90);
    private static final Duration POLL = Duration.ofMillis(10);

    /// What [clickcounter.shared.ProcessMain] prints when the process is ready.
    private static final String READY = "ready after";

    private final String name;
    private final Program program;
    private final List<String> launcher;
    private final Map<String, String> environment;
    private final Path output;
    private volatile Process process;
    private volatile long outputStart;

    /// What can be started, with the flags that `run.sh` gives it on this machine.
    enum Program {
        DATABASE("migrations", "clickcounter.migrations.DatabaseMain", "-Xmx64m", "-XX:TieredStopAtLevel=1"),
        INGEST("ingest", "clickcounter.ingest.IngestMain", ingestFlags()),
        AGGREGATOR("aggregator", "clickcounter.aggregator.AggregatorMain", "-Xmx256m"),
        QUERY("query", "clickcounter.query.QueryMain", "-Xmx384m");

        private final String module;
        private final String mainClass;

        @SuppressWarnings("ImmutableEnumChecker") // nobody changes it after the constructor
        private final List<String> flags;

        Program(String module, String mainClass, String... flags) {
            this.module = module;
            this.mainClass = mainClass;
            this.flags = new ArrayList<>(List.of(flags));
            this.flags.add("-XX:+UseSerialGC");
        }

        private static String[] ingestFlags() {
            return Runtime.getRuntime().availableProcessors() > 2
                    ? new String[] {"-Xmx384m"}
                    : new String[] {"-Xmx384m", "-Djdk.virtualThreadScheduler.parallelism=1", "-Djdk.readPollers=1"};
        }
    }

    /// Starts it.
    ///
    /// @param name what this process is called among those of the test
    /// @param folder the test's; `DATA_DIR` is `data` in it
    /// @param environment all other settings
    ServiceProcess(String name, Program program, Path folder, Map<String, String> environment) {
        this(name, program, folder, environment, List.of());
    }

    /// Starts it by a command that runs the rest of its line, such as `prlimit`.
    ServiceProcess(String name, Program program, Path folder, Map<String, String> environment, List<String> launcher) {
        this.name = name;
        this.program = program;
        this.launcher = List.copyOf(launcher);
        this.environment = new HashMap<>(environment);
        this.environment.put("DATA_DIR", folder.resolve("data").toAbsolutePath().toString());
        this.environment.put("LOGGING_FORMAT", "text");
        for (String process : List.of("INGEST", "AGGREGATOR", "QUERY")) {
            this.environment.putIfAbsent(process + "_ADMIN_PORT", "0");
        }
        // Not in the data folder: what a full disk makes a process say must be found somewhere.
        output = folder.resolve("output").resolve(name + ".log");
        process = launch();
    }

    private Process launch() {
        try {
            Files.createDirectories(output.getParent());
            outputStart = Files.exists(output) ? Files.size(output) : 0;
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
        Path libraries = ROOT.resolve(program.module).resolve("target").resolve("lib");
        List<String> jars = new ArrayList<>();
        try (Stream<Path> files = Files.list(libraries)) {
            files.map(Path::toString)
                    .filter(file -> file.endsWith(".jar"))
                    .sorted()
                    .forEach(jars::add);
        }
        List<String> command = new ArrayList<>(launcher);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + ROOT.resolve("config/jvm.options"));
        command.addAll(program.flags);
        command.addAll(List.of("-cp", String.join(File.pathSeparator, jars), program.mainClass));
        return command;
    }

    /// Tells `run.sh` that the build that runs this test has just made what it would build.
    static void markAsBuilt() throws IOException {
        Path built = ROOT.resolve("target").resolve("built");
        Files.createDirectories(built.getParent());
        Files.writeString(built, "");
        Files.setLastModifiedTime(built, FileTime.from(Instant.now()));
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    /// Waits until it says that it is ready.
    ///
    /// Where other things keep the processors busy, its first connection to the database may take longer than a
    /// start waits for it; it is then started again, as a supervisor would.
    ServiceProcess awaitReady() {
        long deadlineNs = System.nanoTime() + MAX_START.toNanos();
        while (!isReady()) {
            if (System.nanoTime() - deadlineNs > 0 || (!process.isAlive() && !wasTooSlow())) {
                throw new AssertionError("%s has not become ready. Its output:%n%s".formatted(name, output()));
            }
            if (!process.isAlive()) {
                restart();
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        return this;
    }

    private boolean wasTooSlow() {
        return output(outputStart).contains("Connection attempt timed out");
    }

    /// Whether it has said so since its last start. The file that `run.sh` waits for would not do: several
    /// processes of one program and one folder write the same.
    boolean isReady() {
        return process.isAlive() && output(outputStart).contains(READY);
    }

    /// As `kill -9` does; returns when it is gone.
    void kill() {
        Process killed = process;
        killed.destroyForcibly();
        awaitEnd(killed);
    }

    /// Starts it again after [#kill] or [#stop].
    void restart() {
        process = launch();
    }

    /// As SIGTERM does; returns its exit code.
    int stop() {
        process.destroy();
        return awaitEnd(process);
    }

    /// Waits for it to end by itself; returns its exit code.
    int awaitEnd() {
        return awaitEnd(process);
    }

    /// A process that has ended may be started again meanwhile.
    private int awaitEnd(Process ending) {
        try {
            if (!ending.waitFor(MAX_STOP.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("%s has not ended. Its output:%n%s".formatted(name, output()));
            }
            return ending.exitValue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    /// Sends a signal by its name, such as `STOP`.
    void signal(String signal) {
        signal(signal, List.of(pid()));
    }

    /// The same to any processes of this test; those that have ended meanwhile are passed over.
    static void signal(String signal, List<Long> pids) {
        List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
        pids.forEach(pid -> command.add(Long.toString(pid)));
        try {
            new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// The memory that is its own: heap, threads, buffers. Without the pages of the log's files, which the
    /// system takes back when it needs them.
    long ownMemoryBytes() {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid()), "status"))) {
            return lines.filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .sum();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// All that it has printed, over all its starts.
    String output() {
        return output(0);
    }

    private String output(long start) {
        try (InputStream bytes = Files.newInputStream(output)) {
            bytes.skipNBytes(start);
            return new String(bytes.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            return "no output: " + failure;
        }
    }

    @Override
    public void close() {
        kill();
    }
}
