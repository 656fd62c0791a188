package clickcounter.testing;

import clickcounter.shared.Program;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/// A real process that tests and benchmarks start, kill, start again and watch.
///
/// **Threads**: any; one at a time starts and ends it.
///
/// **Errors**: [AssertionError] with all that the process has printed when it does not do what is waited for.
public final class TestProcess implements AutoCloseable {
    /// The project's folder.
    public static final Path ROOT = Path.of(System.getProperty("clickcounter.root", ""));

    /// The exit code of a killed process, as the shell and Java see it.
    public static final int KILLED = 128 + 9;

    private static final Duration MAX_START = Duration.ofMinutes(2);
    private static final Duration MAX_STOP = Duration.ofSeconds(90);

    /// What [clickcounter.shared.ProcessMain] prints when the process is ready.
    private static final String READY = "ready after";

    private final String name;
    private final ProcessBuilder builder;
    private final Path output;
    private volatile Process process;
    private volatile long outputStart;

    /// Starts a command in any folder.
    TestProcess(Path folder, String name, Path outputFolder, Map<String, String> environment, List<String> command) {
        this.name = name;
        output = outputFolder.resolve(name + ".log");
        builder = new ProcessBuilder(command)
                .directory(folder.toAbsolutePath().toFile())
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(output.toFile()));
        builder.environment().keySet().removeIf(key -> key.matches("(DATABASE|MAVEN|SERVICE)_.*"));
        builder.environment().putAll(environment);
        process = launch();
    }

    /// Starts a command in the project's folder.
    ///
    /// @param outputFolder what the process prints is appended to the file NAME.log in it
    public static TestProcess start(
            String name, Path outputFolder, Map<String, String> environment, List<String> command) {
        return new TestProcess(ROOT, name, outputFolder, environment, command);
    }

    /// Starts a class with the class path and the flags of this JVM.
    public static TestProcess startJava(
            Class<?> main, Path outputFolder, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Program.JAVA,
                "@" + ROOT.resolve("config/jvm.options"),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return start(main.getSimpleName(), outputFolder, environment, command);
    }

    private Process launch() {
        try {
            Files.createDirectories(output.getParent());
            outputStart = Files.exists(output) ? Files.size(output) : 0;
            return builder.start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Tells `run.sh` that the build that runs this test has made what `run.sh` would build.
    public static void markAsBuilt() throws IOException {
        Path built = ROOT.resolve("target").resolve("built");
        Files.createDirectories(built.getParent());
        Files.writeString(built, "");
        Files.setLastModifiedTime(built, FileTime.from(Instant.now()));
    }

    public String name() {
        return name;
    }

    public long pid() {
        return process.pid();
    }

    /// What this process and its children use.
    public ProcessUsage usage() {
        return new ProcessUsage(List.of(pid()));
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /// Whether one of our processes runs and has said since its last start that it is ready.
    public boolean isReady() {
        return isAlive() && newOutput().contains(READY);
    }

    /// Waits until one of our processes is ready.
    public TestProcess awaitReady() {
        return awaitOutput(READY);
    }

    /// Waits until the process has printed this text since its last start.
    public TestProcess awaitOutput(String text) {
        return await("prints \"%s\"".formatted(text), () -> newOutput().contains(text));
    }

    /// Waits until something listens on the port.
    public TestProcess awaitPort(int port) {
        return await("listens on port " + port, () -> Ports.isOpen(port));
    }

    private TestProcess await(String what, Callable<Boolean> condition) {
        Process awaited = process;
        try {
            Await.until("%s %s or ends".formatted(name, what), MAX_START, () -> condition.call() || !awaited.isAlive());
            if (condition.call()) {
                return this;
            }
        } catch (Exception | AssertionError failure) {
            throw new AssertionError("%s Its output:%n%s".formatted(failure.getMessage(), output()), failure);
        }
        throw new AssertionError("%s has ended before it %s. Its output:%n%s".formatted(name, what, output()));
    }

    /// Starts the process again after [#kill] or [#stop].
    public void restart() {
        process = launch();
    }

    /// Starts the process again, from now on with these settings beside its others.
    public void restart(Map<String, String> differing) {
        builder.environment().putAll(differing);
        restart();
    }

    /// Ends it as `kill -9` does; returns when it is gone.
    public void kill() {
        Process killed = process;
        killed.destroyForcibly();
        awaitEnd(killed);
    }

    /// Ends it as SIGTERM does; returns its exit code.
    public int stop() {
        process.destroy();
        return awaitEnd();
    }

    /// Ends it as SIGTERM does and expects that it exits with 0.
    public void stopCleanly() {
        expectSuccess(stop());
    }

    void expectSuccess(int exitCode) {
        if (exitCode != 0) {
            throw new AssertionError("%s exited with %d. Its output:%n%s".formatted(name, exitCode, output()));
        }
    }

    /// Waits for it to end by itself; returns its exit code.
    public int awaitEnd() {
        return awaitEnd(process);
    }

    /// Another thread may have started the process again meanwhile.
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
    public void signal(String signal) {
        signal(signal, List.of(pid()));
    }

    /// Sends a signal to any processes of a test; those that have ended meanwhile are passed over.
    public static void signal(String signal, List<Long> pids) {
        List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
        pids.forEach(pid -> command.add(Long.toString(pid)));
        run(command);
    }

    /// Runs a command without its output; returns its exit code.
    public static int run(List<String> command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError("%s cannot be run.".formatted(command), failure);
        }
    }

    /// Runs a command; returns what it prints.
    public static String outputOf(String... command) {
        try (var printed =
                new ProcessBuilder(command).redirectErrorStream(true).start().inputReader()) {
            return printed.readAllAsString().strip();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// All that the process has printed, over all its starts.
    public String output() {
        return output(0);
    }

    /// What the process has printed since its last start.
    public String newOutput() {
        return output(outputStart);
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
