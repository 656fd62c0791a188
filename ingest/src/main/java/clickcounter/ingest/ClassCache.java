package clickcounter.ingest;

import clickcounter.shared.ProcessMain;
import clickcounter.shared.Program;
import clickcounter.shared.Setting;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the file with the classes that ingest loads; with it, a start takes less than half the time. It is made
/// by another process in the background of a start, with low priority, and made again when the JDK, a flag or a
/// jar has changed. Everything works without it.
///
/// **Threads**: one starts and closes.
final class ClassCache implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(ClassCache.class);

    /// Names the file; see [Program#classCacheFlags]. Without it, nothing is made.
    private static final String PROPERTY = "clickcounter.classCache";

    private static final Path ROOT = Path.of("");

    private final Path file;
    private final String key;
    private final Path folder;
    private final Process maker;
    private final CompletableFuture<Void> end;

    private ClassCache(Path file, String key) throws IOException {
        this.file = file;
        this.key = key;
        folder = Files.createTempDirectory(
                Files.createDirectories(file.toAbsolutePath().getParent()), "class-cache");
        List<String> command = new ArrayList<>(List.of("nice", "-n", "19", Program.JAVA, "-cp"));
        command.add(Program.INGEST.jar(ROOT).toString());
        command.add("@config/jvm.options");
        command.addAll(Program.INGEST.jvmFlags(ROOT));
        command.addAll(List.of(ProcessMain.DEPENDENT, "-XX:AOTCacheOutput=" + made(), ClassCacheMain.class.getName()));
        var builder =
                new ProcessBuilder(command).redirectOutput(Redirect.DISCARD).redirectError(Redirect.DISCARD);
        // A folder and ports of its own.
        builder.environment()
                .putAll(Map.of(
                        Setting.DATA_DIR.name(), folder.toString(),
                        Setting.SERVICE_ADDRESS.name(), "127.0.0.1",
                        Setting.SERVICE_PORT.name(), "0",
                        Setting.INGEST_ADMIN_PORT.name(), "0",
                        Setting.INGEST_PROCESSES.name(), "1",
                        Setting.INGEST_SOCKET.name(), "",
                        Setting.LOG_MIN_FREE.name(), "0"));
        maker = builder.start();
        end = maker.onExit().thenAcceptAsync(this::keep);
    }

    /// Starts to make the file when it is missing or outdated. What is returned ends that work.
    static AutoCloseable makeWhereNeeded() {
        String name = System.getProperty(PROPERTY);
        try {
            if (name != null) {
                String key = key();
                if (!isMade(Path.of(name), key)) {
                    return new ClassCache(Path.of(name), key);
                }
            }
        } catch (IOException failure) {
            logger.warn("the classes cannot be kept for faster starts: {}", failure.toString());
        }
        return () -> {};
    }

    private static boolean isMade(Path file, String key) throws IOException {
        return Files.exists(file)
                && Files.exists(keyFile(file))
                && Files.readString(keyFile(file)).equals(key);
    }

    /// What the file depends on: the JDK, the flags, and the jars beside that of ingest.
    private static String key() throws IOException {
        List<String> parts = new ArrayList<>();
        parts.add(Runtime.version().toString());
        parts.addAll(Files.readAllLines(ROOT.resolve("config/jvm.options")));
        parts.addAll(Program.INGEST.jvmFlags(ROOT));
        try (Stream<Path> jars = Files.list(Program.INGEST.jar(ROOT).getParent())) {
            for (Path jar : jars.sorted().toList()) {
                parts.add("%s %d %s".formatted(jar.getFileName(), Files.size(jar), Files.getLastModifiedTime(jar)));
            }
        }
        return String.join("\n", parts);
    }

    private static Path keyFile(Path file) {
        return file.resolveSibling(file.getFileName() + ".key");
    }

    private Path made() {
        return folder.resolve("made.aot");
    }

    private void keep(Process ended) {
        try {
            if (ended.exitValue() == 0 && Files.exists(made())) {
                Files.move(made(), file, StandardCopyOption.REPLACE_EXISTING);
                Files.writeString(keyFile(file), key);
            }
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path left : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(left);
                }
            }
        } catch (IOException failure) {
            logger.warn("the classes cannot be kept for faster starts: {}", failure.toString());
        }
    }

    @Override
    public void close() {
        // Java starts another Java at its end.
        Stream.concat(maker.descendants(), Stream.of(maker.toHandle()))
                .toList()
                .forEach(ProcessHandle::destroyForcibly);
        end.join();
    }
}
