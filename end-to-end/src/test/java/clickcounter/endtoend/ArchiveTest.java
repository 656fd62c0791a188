package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Await;
import clickcounter.testing.Ports;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The archive that `./mvnw package` makes, unpacked on a machine that has a JDK and nothing else of what
/// builds.
final class ArchiveTest {
    private static final Duration MAX_START = Duration.ofMinutes(2);
    private static final Set<PosixFilePermission> FOR_OTHERS = Set.of(
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE,
            PosixFilePermission.GROUP_WRITE);

    private final int port = Ports.free();
    private final int queryPort = Ports.free();

    @TempDir
    Path folder;

    @Test
    void runsFromTheArchiveAndLetsNobodyElseReadItsData() throws IOException, InterruptedException {
        Path home = unpack();
        Process service = start(home.resolve("bin/run.sh"));
        try (HttpClient client = HttpClient.newHttpClient()) {
            Await.until(
                    "it runs", MAX_START, () -> !service.isAlive() || output().contains("Click Counter is running"));
            assertThat(service.isAlive()).as(this::output).isTrue();
            var click = HttpRequest.newBuilder(URI.create("http://localhost:%d/v1/banners/counter/7".formatted(port)))
                    .build();
            assertThat(client.send(click, BodyHandlers.discarding()).statusCode())
                    .isEqualTo(204);
            assertThat(start(home.resolve("bin/run.sh"), "log", "show").waitFor())
                    .isZero();
            assertThat(output()).contains("  banner 7  ");
            assertThat(start(home.resolve("bin/migrate.sh"), "-status").waitFor())
                    .isZero();
            assertThat(output()).contains("this release needs");
            assertThat(openToOthers()).isEmpty();
        } finally {
            service.destroy();
            assertThat(service.waitFor(MAX_START.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
        assertThat(service.exitValue()).as(this::output).isZero();
    }

    @Test
    void hasEachLibraryOnce() throws IOException, InterruptedException {
        Path lib = unpack().resolve("lib");
        for (String module : List.of("ingest", "aggregator", "query", "migrations")) {
            try (var jar = new JarFile(lib.resolve(module + "-1.0.0.jar").toFile())) {
                String classPath = jar.getManifest().getMainAttributes().getValue("Class-Path");
                assertThat(classPath.split(" "))
                        .allSatisfy(entry -> assertThat(lib.resolve(entry)).isRegularFile());
            }
        }
        try (Stream<Path> files = Files.list(lib)) {
            assertThat(files.map(file -> file.getFileName().toString())
                            .filter(file -> file.endsWith(".jar"))
                            .map(file -> file.replaceFirst("-\\d.*", "")))
                    .filteredOn(name -> !name.equals("jffi")) // a second file of it has the native code
                    .doesNotHaveDuplicates();
        }
    }

    private Path unpack() throws IOException, InterruptedException {
        Path target = TestProcess.ROOT.resolve("distribution").resolve("target");
        try (Stream<Path> files = Files.list(target)) {
            Path archive = files.filter(file -> file.toString().endsWith(".tar.gz"))
                    .findFirst()
                    .orElseThrow();
            assertThat(new ProcessBuilder("tar", "-xzf", archive.toString(), "-C", folder.toString())
                            .inheritIO()
                            .start()
                            .waitFor())
                    .isZero();
            return folder.resolve(archive.getFileName().toString().replace(".tar.gz", ""));
        }
    }

    private Process start(Path script, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(words));
        var builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("output").toFile()));
        builder.environment().keySet().removeIf(name -> name.startsWith("DATABASE_") || name.startsWith("MAVEN_"));
        builder.environment().put("DATA_DIR", folder.resolve("data").toString());
        builder.environment().put("LOG_MIN_FREE", "64MiB");
        builder.environment().put("LOGGING_FORMAT", "text");
        for (String process : List.of("INGEST", "AGGREGATOR", "QUERY")) {
            builder.environment().put(process + "_ADMIN_PORT", "0");
        }
        builder.environment().put("SERVICE_PORT", Integer.toString(port));
        builder.environment().put("QUERY_PORT", Integer.toString(queryPort));
        return builder.start();
    }

    /// But for PostgreSQL's programs, which are no secret.
    private List<Path> openToOthers() throws IOException {
        Path binaries = folder.resolve("data").resolve("postgres-binaries");
        try (Stream<Path> files = Files.walk(folder.resolve("data"))) {
            return files.filter(file -> !file.startsWith(binaries))
                    .filter(ArchiveTest::isOpenToOthers)
                    .toList();
        }
    }

    private static boolean isOpenToOthers(Path file) {
        try {
            return Files.getPosixFilePermissions(file).stream().anyMatch(FOR_OTHERS::contains);
        } catch (IOException goneMeanwhile) {
            return false;
        }
    }

    private String output() {
        try {
            return Files.readString(folder.resolve("output"));
        } catch (IOException failure) {
            return "no output: " + failure;
        }
    }
}
