package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.StartFailure;
import clickcounter.testing.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MigrateMainTest {
    private final TestDatabase database = TestDatabase.create();
    private final DatabaseUrl url = DatabaseUrl.parse(database.url());

    @TempDir
    private Path sqlFolder;

    @AfterEach
    void drop() {
        database.close();
    }

    @Test
    void goesUpOnceAndSaysSoInOneLine() throws IOException {
        assertThat(run("-up")).isEqualTo("The schema of %s went from version 0 to 3.\n".formatted(url));
        assertThat(run("-up")).isEqualTo("The schema of %s has version 3 already.\n".formatted(url));
    }

    @Test
    void goesToAVersion() throws IOException {
        assertThat(run("-goto", "1")).isEqualTo("The schema of %s went from version 0 to 1.\n".formatted(url));
        assertThat(run("--goto", "0")).isEqualTo("The schema of %s went from version 1 to 0.\n".formatted(url));
    }

    @Test
    void asksBeforeItDropsAllTables() throws IOException {
        run("-up");

        assertThatThrownBy(() -> answer("no\n", "-down"))
                .isInstanceOf(StartFailure.class)
                .hasMessage("Nothing was changed. (./migrate.sh -down -yes does not ask.)");
        assertThatThrownBy(() -> answer("", "-down")).isInstanceOf(StartFailure.class);
        assertThat(run("-up")).contains("already");

        assertThat(answer("yes\n", "-down"))
                .isEqualTo(
                        "This drops all tables of %s, with all clicks. Type yes to go on: The schema of %s went from version 3 to 0.\n",
                        url, url);
    }

    @Test
    void doesNotAskWhenToldSo() throws IOException {
        run("-up");

        assertThat(run("-down", "-yes")).isEqualTo("The schema of %s went from version 3 to 0.\n".formatted(url));
    }

    @Test
    void showsWhatIsMissingAndWhatIsThere() throws IOException {
        assertThat(run("-status")).isEqualTo("""
                    1  missing            count clicks per minute
                    2  missing            roll counts up
                    3  missing            sum all banners up
                The schema of %s has version 0, this release needs 3.
                """.formatted(url).indent(0));
        run("-up");
        assertThat(run("-status"))
                .containsPattern("    1  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\dZ  count clicks per minute\n")
                .endsWith("The schema of %s has version 3, this release needs 3.\n".formatted(url));
    }

    @Test
    void recordsAVersion() throws IOException {
        assertThat(run("-fix", "1")).isEqualTo("The schema of %s went from version 0 to 1.\n".formatted(url));
    }

    @Test
    void writesTheNextMigrationAndItsUndo() throws IOException {
        Files.writeString(sqlFolder.resolve("V9__nine.sql"), "");
        Files.writeString(sqlFolder.resolve("V10__ten.sql"), "");

        assertThat(run("-create", "count more-things"))
                .isEqualTo("wrote %s\nwrote %s\n"
                        .formatted(
                                sqlFolder.resolve("V11__count_more_things.sql"),
                                sqlFolder.resolve("U11__count_more_things.sql")));
        assertThat(sqlFolder.resolve("V11__count_more_things.sql")).hasContent("-- Say what changes and why.");
        assertThat(sqlFolder.resolve("U11__count_more_things.sql"))
                .hasContent("-- Takes back what V11__count_more_things.sql does.");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''          | Say what to do; ./migrate.sh -help lists the commands.
            -upp        | There is no command -upp; ./migrate.sh -help lists all.
            -goto       | The command needs one more word; ./migrate.sh -help says which.
            -goto one   | "one" is not a version: give a whole number.
            -goto -1    | "-1" is not a version: give a whole number.
            -goto 4     | There is no schema version 4: this release knows 0 (nothing) to 3.
            -fix 4      | There is no schema version 4: this release knows 0 (nothing) to 3.
            -up 1       | The command does not take "1"; ./migrate.sh -help lists what there is.
            -down -no   | The command does not take "-no"; ./migrate.sh -help lists what there is.
            -create a/b | "a/b" cannot name a migration: use letters, digits and _.
            """)
    void refusesInOneLine(String arguments, String message) {
        String[] words = arguments.isEmpty() ? new String[0] : arguments.split(" ", -1);
        assertThatThrownBy(() -> run(words)).isInstanceOf(StartFailure.class).hasMessage(message);
    }

    @Test
    void makesMigrationsOnlyWhereTheSourcesAre() throws IOException {
        Files.delete(sqlFolder);

        assertThatThrownBy(() -> run("-create", "name"))
                .isInstanceOf(StartFailure.class)
                .hasMessage("There is no folder %s here: a migration is made where the sources are.", sqlFolder);
        Files.createDirectory(sqlFolder);
    }

    @Test
    void explainsItself() throws IOException {
        assertThat(run("-help")).contains("-up", "-down", "-goto", "-create", "-fix", "-status");
    }

    private String run(String... arguments) throws IOException {
        return answer("", arguments);
    }

    private String answer(String typed, String... arguments) throws IOException {
        var out = new ByteArrayOutputStream();
        new MigrateMain(
                        Map.of("DATABASE_URL", database.url()),
                        sqlFolder,
                        new StringReader(typed),
                        new PrintStream(out, true, StandardCharsets.UTF_8))
                .run(List.of(arguments));
        return out.toString(StandardCharsets.UTF_8);
    }
}
