package clickcounter.tools;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.migrations.DatabaseUrl;
import clickcounter.shared.SettingsReader;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MigrateCommandTest {
    private final TestDatabase database = TestDatabase.create();
    private final DatabaseUrl url = DatabaseUrl.parse(database.url());

    @TempDir
    private Path sqlFolder;

    @AfterEach
    void drop() {
        database.close();
    }

    @Test
    void goesUpOnceAndSaysSoInOneLine() {
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

        for (String answer : List.of("no\n", "")) {
            assertThat(migrate(answer, "-down"))
                    .isEqualTo(new Run(
                            2,
                            "This drops all tables of %s, with all clicks. Type yes to go on: ".formatted(url),
                            "migrate.sh: Nothing was changed. (./migrate.sh -down -yes does not ask.)\n"));
        }
        assertThat(run("-up")).contains("already");

        assertThat(migrate("yes\n", "-down"))
                .isEqualTo(new Run(
                        0,
                        "This drops all tables of %s, with all clicks. Type yes to go on: The schema of %s went from version 3 to 0.\n"
                                .formatted(url, url),
                        ""));
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
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ``          | Missing required subcommand. ./migrate.sh --help explains the command.
            -upp        | "-upp" is not understood. Did you mean -up? ./migrate.sh --help explains the command.
            -goto       | Missing required parameter: 'VERSION'. ./migrate.sh -goto --help explains the command.
            -goto one   | Invalid value for positional parameter at index 0 (VERSION): "one" is not a whole number from 0 to 2147483647. ./migrate.sh -goto --help explains the command.
            -goto -1    | Invalid value for positional parameter at index 0 (VERSION): "-1" is not a whole number from 0 to 2147483647. ./migrate.sh -goto --help explains the command.
            -goto 4     | There is no schema version 4: this release knows 0 (nothing) to 3.
            -fix 4      | There is no schema version 4: this release knows 0 (nothing) to 3.
            -up 1       | "1" is not understood. ./migrate.sh -up --help explains the command.
            -down -no   | "-no" is not understood. ./migrate.sh -down --help explains the command.
            -create     | Missing required parameter: 'NAME'. ./migrate.sh -create --help explains the command.
            -create a/b | "a/b" cannot name a migration: use letters, digits and _.
            """)
    void refusesInOneLine(String words, String message) {
        assertRefused(message, words.isEmpty() ? new String[0] : words.split(" ", -1));
    }

    private void assertRefused(String message, String... words) {
        assertThat(migrate("", words)).isEqualTo(new Run(2, "", "migrate.sh: " + message + "\n"));
    }

    @Test
    void makesMigrationsOnlyWhereTheSourcesAre() throws IOException {
        Files.delete(sqlFolder);

        assertRefused(
                "There is no folder %s here: make migrations in the source tree.".formatted(sqlFolder),
                "-create",
                "name");
        Files.createDirectory(sqlFolder);
    }

    @Test
    void explainsItself() {
        assertThat(run("-help"))
                .startsWith("Usage: ./migrate.sh ")
                .contains("-up", "-down", "-goto", "-create", "-fix", "-status");
        assertThat(run("-goto", "-help")).startsWith("Usage: ./migrate.sh -goto [-h] VERSION\n");
    }

    private String run(String... words) {
        Run run = migrate("", words);
        assertThat(run.exitCode()).as(run::error).isZero();
        return run.out();
    }

    private Run migrate(String typed, String... words) {
        var settings = new SettingsReader(Map.of("DATABASE_URL", database.url()));
        return Run.of(out -> new MigrateCommand(settings, sqlFolder, new StringReader(typed), out), words);
    }
}
