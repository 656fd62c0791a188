package clickcounter.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QuerySettingsTest {
    private static final String DATABASE = "postgres://clicks@db/clicks";

    @Test
    void hasDefaults() {
        var settings = QuerySettings.read(new SettingsReader(Map.of("DATABASE_URL", DATABASE)));

        assertThat(settings.http().address()).isEqualTo("127.0.0.1");
        assertThat(settings.http().port()).isEqualTo(3001);
        assertThat(settings.database().url()).hasToString("db:5432/clicks");
        assertThat(settings.logFolder()).isEqualTo(Path.of("data", "log"));
        assertThat(settings.maxKept()).isEqualTo(2_000_000);
        assertThat(settings.maxRows()).isEqualTo(1_000_000);
        assertThat(settings.maxWait()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void allowsBodiesUpToTheSettingButNoneThatIsLongerThanAnyQuestion() {
        var smaller =
                QuerySettings.read(new SettingsReader(Map.of("DATABASE_URL", DATABASE, "SERVICE_MAX_BODY", "4KiB")));
        var larger =
                QuerySettings.read(new SettingsReader(Map.of("DATABASE_URL", DATABASE, "SERVICE_MAX_BODY", "1MiB")));

        assertThat(smaller.http().maxBodyBytes()).isEqualTo(4_096);
        assertThat(larger.http().maxBodyBytes()).isEqualTo(8_192);
    }

    @Test
    void reportsEverythingThatIsWrongAtOnce() {
        var settings = new SettingsReader(Map.of(
                "DATABASE_URL", DATABASE,
                "QUERY_PORT", "-1",
                "STATS_MAX_KEPT", "0",
                "STATS_MAX_ROWS", "many",
                "STATS_MAX_WAIT", "1h"));

        assertThatThrownBy(() -> QuerySettings.read(settings))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("4 settings are wrong")
                .hasMessageContaining("QUERY_PORT: \"-1\" is not a whole number from 0 to 65535.")
                .hasMessageContaining("STATS_MAX_KEPT: \"0\" is not a whole number from 1 to 100000000.")
                .hasMessageContaining("STATS_MAX_ROWS: \"many\" is not a whole number from 1 to 10000000.")
                .hasMessageContaining("STATS_MAX_WAIT: \"1h\" is not a duration from 0s to 10s");
    }
}
