package clickcounter.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProgramTest {
    private static final Path ROOT = Path.of(System.getProperty("clickcounter.root"));

    @TempDir
    Path folder;

    @Test
    void runsTheJarOfTheSourceTree() throws IOException {
        Path jar = touch(folder.resolve("migrations/target/lib/migrations-1.2.3.jar"));
        touch(jar.resolveSibling("migrations-extra.jar"));

        assertThat(Program.DATABASE.command(folder, "now"))
                .containsExactly(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        jar.toString(),
                        "@" + folder.resolve("config/jvm.options"),
                        "@" + folder.resolve("config/jvm/database.options"),
                        "now");
    }

    @Test
    void runsTheJarOfAnInstallation() throws IOException {
        Path jar = touch(folder.resolve("lib/ingest-1.2.3.jar"));

        assertThat(Program.INGEST.command(folder, List.of("-Xint"))).contains(jar.toString(), "-Xint");
    }

    @Test
    void saysThatAJarIsMissing() throws IOException {
        assertThatThrownBy(() -> Program.QUERY.command(folder))
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith("The folder %s is missing", folder.resolve("query/target/lib"));
        touch(folder.resolve("lib/ingest-1.2.3.jar"));
        assertThatThrownBy(() -> Program.QUERY.command(folder))
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith("%s has no query-VERSION.jar", folder.resolve("lib"));
    }

    @ParameterizedTest
    @EnumSource
    void hasAFileOfFlagsThatEndsWithTheMainClass(Program program) throws IOException {
        Path file =
                ROOT.resolve("config/jvm/%s.options".formatted(program.name().toLowerCase(java.util.Locale.ROOT)));

        assertThat(program.jvmFlags(ROOT)).isNotEmpty().allMatch(flag -> flag.startsWith("-"));
        assertThat(Files.readAllLines(file).getLast()).matches("clickcounter\\.\\w+\\.\\w+Main");
    }

    private static Path touch(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.createFile(file);
    }
}
