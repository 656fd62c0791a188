package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseSettingsTest {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    @TempDir
    private Path dataDir;

    @Test
    void hasDefaults() {
        DatabaseSettings settings = read(Map.of("DATABASE_URL", "postgres://user:secret@db/clicks"));

        assertThat(settings.url()).hasToString("db:5432/clicks");
        assertThat(settings.embedded()).isFalse();
        assertThat(settings.poolSize()).isEqualTo(5 * PROCESSORS);
        assertThat(settings.timeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(settings.toString()).doesNotContain("secret");
    }

    @Test
    void readsEverySetting() {
        DatabaseSettings settings = read(Map.of(
                "DATABASE_URL", "postgres://user@db/clicks", "DATABASE_POOL_SIZE", "3", "DATABASE_TIMEOUT", "5s"));

        assertThat(settings.poolSize()).isEqualTo(3);
        assertThat(settings.timeout()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void refusesAPoolThatIsTooLarge() {
        assertThatThrownBy(() -> read(Map.of(
                        "DATABASE_URL",
                        "postgres://user@db/clicks",
                        "DATABASE_POOL_SIZE",
                        Integer.toString(5 * PROCESSORS + 1))))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "DATABASE_POOL_SIZE: \"%d\" is not a whole number from 1 to %d.",
                        5 * PROCESSORS + 1, 5 * PROCESSORS);
    }

    @Test
    void refusesAWrongUrlWithoutShowingIt() {
        assertThatThrownBy(() -> read(Map.of("DATABASE_URL", "postgres://user:secret@db/clicks?sslmode=on")))
                .isInstanceOf(StartFailure.class)
                .hasMessage("DATABASE_URL has sslmode=on, which is not one of disable, allow, prefer, require,"
                        + " verify-ca, verify-full.");
    }

    @Test
    void takesTheEmbeddedDatabaseThatRuns() throws IOException {
        Files.writeString(dataDir.resolve("database.url"), "postgres://user:secret@127.0.0.1:7777/clickcounter\n");

        DatabaseSettings settings = read(Map.of("DATA_DIR", dataDir.toString()));

        assertThat(settings.embedded()).isTrue();
        assertThat(settings.url()).hasToString("127.0.0.1:7777/clickcounter");
    }

    @Test
    void saysWhatToDoWhenThereIsNoDatabaseAtAll() {
        assertThatThrownBy(() -> read(Map.of("DATA_DIR", dataDir.toString())))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "DATABASE_URL is not set, and no embedded database is running (%s is missing): set DATABASE_URL,"
                                + " or start ./run.sh database.",
                        dataDir.resolve("database.url"));
    }

    private static DatabaseSettings read(Map<String, String> environment) {
        var reader = new SettingsReader(environment);
        DatabaseSettings settings = DatabaseSettings.read(reader);
        reader.finish();
        return settings;
    }
}
