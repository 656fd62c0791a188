package clickcounter.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A process that is measured, with its children, as the operating system sees it.
///
/// **Threads**: one.
final class ServerProcess implements Closeable {
    /// The unit of processor time in `/proc` (USER_HZ), the same on every Linux.
    private static final long MICROS_PER_TICK = 10_000;

    private static final int USER_TICKS_FIELD = 11;
    private static final int SYSTEM_TICKS_FIELD = 12;
    private static final Duration MAX_START = Duration.ofSeconds(60);
    private static final Duration MAX_STOP = Duration.ofSeconds(90);

    private final String name;
    private final Process process;
    private final Path output;
    private @Nullable Path daemonIdFile;

    private ServerProcess(String name, Process process, Path output) {
        this.name = name;
        this.process = process;
        this.output = output;
    }

    /// Starts a command in the project's folder; what it prints goes to a file in `folder`.
    static ServerProcess start(String name, Path folder, Map<String, String> environment, List<String> command)
            throws IOException {
        return start(name, folder, environment, command, Path.of(""));
    }

    /// The same in another folder of sources.
    static ServerProcess start(
            String name, Path folder, Map<String, String> environment, List<String> command, Path sources)
            throws IOException {
        Files.createDirectories(folder);
        Path output = folder.resolve(name + ".log");
        var builder = new ProcessBuilder(command)
                .directory(sources.toAbsolutePath().toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        return new ServerProcess(name, builder.start(), output);
    }

    long pid() {
        return process.pid();
    }

    /// Measures a process, too, that it starts and lets go, with its children.
    ///
    /// @param idFile whose first line is that process's id
    void hasDaemon(Path idFile) {
        daemonIdFile = idFile;
    }

    /// Waits until `file` holds the process's id, which it writes when it is ready.
    void awaitReadyFile(Path file) throws IOException {
        long startNs = System.nanoTime();
        while (!Files.exists(file) || !Files.readString(file).equals(Long.toString(pid()))) {
            requireRunning(startNs);
            LockSupport.parkNanos(1_000_000);
        }
    }

    /// Waits until something listens on a TCP port.
    void awaitPort(int port) throws IOException {
        long startNs = System.nanoTime();
        while (!Ports.isOpen(port)) {
            requireRunning(startNs);
            LockSupport.parkNanos(1_000_000);
        }
    }

    /// Waits until it has printed this.
    void awaitOutput(String text) throws IOException {
        long startNs = System.nanoTime();
        while (!output().contains(text)) {
            requireRunning(startNs);
            LockSupport.parkNanos(1_000_000);
        }
    }

    String output() throws IOException {
        return Files.readString(output);
    }

    /// Waits until it has ended well.
    void awaitSuccess() throws IOException {
        try {
            if (!process.waitFor(MAX_START.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("%s has failed. It printed:%n%s".formatted(name, output()));
            }
        } catch (InterruptedException interrupted) {
            throw new IOException(interrupted);
        }
    }

    private void requireRunning(long startNs) throws IOException {
        if (!process.isAlive() || System.nanoTime() - startNs > MAX_START.toNanos()) {
            throw new IOException("%s has not started. It printed:%n%s".formatted(name, output()));
        }
    }

    /// Processor time since its start, user and system.
    long cpuMicros() throws IOException {
        long ticks = 0;
        for (long pid : pids()) {
            String stat;
            try {
                stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            } catch (IOException hasEnded) {
                continue;
            }
            // The name in parentheses may hold spaces; what follows it does not.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            ticks += Long.parseLong(fields[USER_TICKS_FIELD]) + Long.parseLong(fields[SYSTEM_TICKS_FIELD]);
        }
        return ticks * MICROS_PER_TICK;
    }

    /// Resident memory: all of it, also the pages of the log that the system takes back when it needs them.
    long residentBytes() throws IOException {
        return memory("VmRSS:");
    }

    /// Resident memory that is the process's own: heap, code, stacks, buffers.
    long ownBytes() throws IOException {
        return memory("RssAnon:");
    }

    private long memory(String field) throws IOException {
        long bytes = 0;
        for (long pid : pids()) {
            try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
                bytes += lines.filter(line -> line.startsWith(field))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                        .sum();
            }
        }
        return bytes;
    }

    private long[] pids() throws IOException {
        Stream<ProcessHandle> processes = withDescendants(process.toHandle());
        if (daemonIdFile != null) {
            long daemon = Long.parseLong(Files.readAllLines(daemonIdFile).getFirst());
            processes =
                    Stream.concat(processes, ProcessHandle.of(daemon).stream().flatMap(ServerProcess::withDescendants));
        }
        return processes.mapToLong(ProcessHandle::pid).distinct().toArray();
    }

    private static Stream<ProcessHandle> withDescendants(ProcessHandle handle) {
        return Stream.concat(Stream.of(handle), handle.descendants());
    }

    /// Bytes that the Java heap has given out since the start, good to the size of a few objects per thread.
    long allocatedBytes() throws IOException {
        Path jstat = Path.of(System.getProperty("java.home"), "bin", "jstat");
        Process asked = new ProcessBuilder(jstat.toString(), "-gc", Long.toString(pid()))
                .redirectErrorStream(true)
                .start();
        List<String> lines = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        String[] names = lines.get(0).strip().split("\\s+", -1);
        String[] values = lines.get(1).strip().split("\\s+", -1);
        double edenKib = 0;
        double usedKib = 0;
        double collections = 0;
        for (int at = 0; at < names.length; at++) {
            switch (names[at]) {
                case "EC" -> edenKib = Double.parseDouble(values[at]);
                case "EU" -> usedKib = Double.parseDouble(values[at]);
                case "YGC" -> collections = Double.parseDouble(values[at]);
                default -> {
                    // Not about allocation.
                }
            }
        }
        return (long) ((collections * edenKib + usedKib) * 1024);
    }

    /// Ends it as SIGTERM does, and waits.
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(MAX_STOP.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
