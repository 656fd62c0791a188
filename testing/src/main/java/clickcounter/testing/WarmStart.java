package clickcounter.testing;

import clickcounter.shared.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// Caches of the classes that our programs load. Tests start some hundred processes; with its cache a process
/// needs less than half the processor time until it is ready.
///
/// **Threads**: any, in any number of JVMs.
public final class WarmStart {
    private static final Path FOLDER = TestProcess.ROOT.resolve("target").resolve("class-cache");
    private static final List<Program> PROGRAMS = List.of(Program.INGEST, Program.AGGREGATOR, Program.QUERY);
    private static final int CLICKS = 100;

    private WarmStart() {}

    /// The JVM flags for a process of a test. A JVM that cannot use the cache starts without it.
    static List<String> flags(Program program) {
        return Files.exists(file(program)) ? List.of("-XX:AOTCache=" + file(program), "-Xlog:aot*=off") : List.of();
    }

    private static Path file(Program program) {
        return FOLDER.resolve(program.name().toLowerCase(Locale.ROOT) + ".aot");
    }

    /// Makes the caches unless they have been made since the programs were built: a service runs once for them.
    ///
    /// @param databaseUrl of a database that has the schema and that nobody else uses
    public static void make(String databaseUrl) {
        try {
            Files.createDirectories(FOLDER);
            try (var lock = FileChannel.open(
                            FOLDER.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var _ = lock.lock()) {
                for (Program program : PROGRAMS) {
                    if (!isFresh(program)) {
                        makeAll(databaseUrl);
                        return;
                    }
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Whether the cache is newer than the program's jar and all libraries beside it.
    private static boolean isFresh(Program program) throws IOException {
        long made = file(program).toFile().lastModified(); // 0 if there is none
        try (Stream<Path> jars = Files.list(program.jar(TestProcess.ROOT).getParent())) {
            return jars.allMatch(jar -> jar.toFile().lastModified() < made);
        }
    }

    private static void makeAll(String databaseUrl) throws IOException {
        Path folder = Files.createTempDirectory("class-cache");
        try (var service = Service.start(
                folder, databaseUrl, Map.of(), program -> List.of("-XX:AOTCacheOutput=" + made(folder, program)))) {
            for (int click = 0; click < CLICKS; click++) {
                service.get("/v1/banners/counter/1");
            }
            service.totalClicks(1);
            service.stop();
        }
        for (Program program : PROGRAMS) {
            Files.move(made(folder, program), file(program), StandardCopyOption.REPLACE_EXISTING);
        }
        TestFiles.delete(folder);
    }

    private static Path made(Path folder, Program program) {
        return folder.resolve(file(program).getFileName());
    }
}
