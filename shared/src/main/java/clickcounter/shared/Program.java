package clickcounter.shared;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// A program of ours and the command line that runs it. The JVM flags and the main class are in
/// `config/jvm/NAME.options`, the flags that all programs share in `config/jvm.options`.
///
/// The `root` that the methods take is the folder that has `config` in it: the source tree, where each module's
/// jar is in `MODULE/target/lib`, or an installation, where all jars are in `lib`.
public enum Program {
    INGEST("ingest"),
    AGGREGATOR("aggregator"),
    QUERY("query"),
    DATABASE("migrations"),
    SUPERVISOR("supervisor"),
    TOOLS("tools");

    /// The program `java` of the JDK of this process.
    public static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private final String module;

    Program(String module) {
        this.module = module;
    }

    /// The command line that runs the program on the JDK of this process. With an empty `root`, its paths are
    /// relative to the working folder.
    ///
    /// **Errors**: [StartFailure] when the program's jar is missing.
    public List<String> command(Path root, String... arguments) {
        return command(root, List.of(), arguments);
    }

    /// The command line that runs the program with more JVM flags than those of its options file.
    ///
    /// **Errors**: [StartFailure] when the program's jar is missing.
    public List<String> command(Path root, List<String> jvmFlags, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(JAVA);
        command.add("-cp");
        command.add(jar(root).toString());
        command.add("@" + root.resolve("config/jvm.options"));
        command.addAll(jvmFlags);
        command.add("@" + optionsFile(root)); // ends with the main class
        command.addAll(List.of(arguments));
        return command;
    }

    /// The JVM flags of the options file alone, for another main class that must run as the program does.
    public List<String> jvmFlags(Path root) {
        try (Stream<String> lines = Files.lines(optionsFile(root))) {
            List<String> options = lines.filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
            return options.subList(0, options.size() - 1);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Where the classes that ingest loads are kept: in a source tree where all builds, because tests use many
    /// data folders.
    public static Path classCache(Path root, Path dataDir) {
        Path folder = Files.exists(root.resolve("pom.xml")) ? root.resolve("target") : dataDir.resolve("cache");
        return folder.resolve("ingest.aot");
    }

    /// The JVM flags for a process whose loaded classes are kept in a cache: the process makes the file when it
    /// is missing or outdated, and starts faster with it.
    public static List<String> classCacheFlags(Path cache) {
        List<String> flags = new ArrayList<>(List.of("-Dclickcounter.classCache=" + cache));
        if (Files.exists(cache)) {
            // A cache that does not fit the JDK or the jars is no error: the JVM goes on without it.
            flags.addAll(List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off"));
        }
        return flags;
    }

    /// The program's jar, whose manifest names the libraries beside it.
    ///
    /// **Errors**: [StartFailure] when it is missing.
    public Path jar(Path root) {
        Path installed = root.resolve("lib");
        Path folder = Files.isDirectory(installed)
                ? installed
                : root.resolve(module).resolve("target").resolve("lib");
        try (var jars = Files.newDirectoryStream(folder, module + "-[0-9]*.jar")) {
            for (Path jar : jars) {
                return jar;
            }
        } catch (IOException missing) {
            throw new StartFailure("The folder %s is missing: build with ./mvnw package.".formatted(folder), missing);
        }
        throw new StartFailure("%s has no %s-VERSION.jar: build with ./mvnw package.".formatted(folder, module));
    }

    private Path optionsFile(Path root) {
        return root.resolve("config/jvm").resolve(name().toLowerCase(Locale.ROOT) + ".options");
    }
}
