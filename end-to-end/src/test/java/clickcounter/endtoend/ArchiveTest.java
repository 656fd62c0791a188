package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Service;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The archive that `./mvnw package` makes, unpacked on a machine that has a JDK but none of the build tools.
final class ArchiveTest {
    private static final Set<PosixFilePermission> FOR_OTHERS = Set.of(
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE,
            PosixFilePermission.GROUP_WRITE);

    @TempDir
    Path folder;

    @Test
    void runsFromTheArchiveAndLetsNobodyElseReadItsData() throws IOException {
        try (Service service = Service.prepare(unpack(), folder, Map.of())) {
            TestProcess running = service.launch("run", Map.of(), List.of("bin/run.sh"));
            try {
                running.awaitOutput("Click Counter is running");
                assertThat(service.get("/v1/banners/counter/7").statusCode()).isEqualTo(204);
                assertThat(service.run("bin/run.sh", "log", "show")).contains("  banner 7  ");
                assertThat(service.run("bin/migrate.sh", "-status")).contains("this release needs");
                assertThat(openToOthers()).isEmpty();
            } finally {
                running.stopCleanly();
            }
        }
    }

    @Test
    void hasEachLibraryOnce() throws IOException {
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

    private Path unpack() throws IOException {
        Path target = TestProcess.ROOT.resolve("distribution").resolve("target");
        try (Stream<Path> files = Files.list(target)) {
            Path archive = files.filter(file -> file.toString().endsWith(".tar.gz"))
                    .findFirst()
                    .orElseThrow();
            assertThat(TestProcess.run(List.of("tar", "-xzf", archive.toString(), "-C", folder.toString())))
                    .isZero();
            return folder.resolve(archive.getFileName().toString().replace(".tar.gz", ""));
        }
    }

    /// The files that other users may use, except the programs of PostgreSQL, which are no secret.
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
}
