package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.LogSettings.MinFree;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogSettingsTest {
    private static final long GIB = 1L << 30;

    @Test
    void hasDefaults() {
        assertThat(LogSettings.read(new SettingsReader(Map.of())))
                .isEqualTo(new LogSettings(Path.of("data", "log"), new MinFree(2 * GIB, 0), Duration.ofSeconds(1)));
    }

    @Test
    void readsWhatIsSet() {
        assertThat(LogSettings.read(new SettingsReader(
                        Map.of("DATA_DIR", "/srv/clicks", "LOG_MIN_FREE", "512MiB", "LOG_SYNC", "10ms"))))
                .isEqualTo(new LogSettings(Path.of("/srv/clicks/log"), new MinFree(GIB / 2, 0), Duration.ofMillis(10)));
    }

    @ParameterizedTest
    @CsvSource({"0%, 0", "5%, 50", "10%, 100", "99%, 990"})
    void readsFreeSpaceInPercent(String text, long expectedBytes) {
        var settings = new SettingsReader(Map.of("LOG_MIN_FREE", text));

        assertThat(MinFree.read(settings).bytesOf(1_000)).isEqualTo(expectedBytes);
        settings.finish();
    }

    @ParameterizedTest
    @ValueSource(strings = {"%", "100%", "-1%", "5.5%", "05%", "5 %", "5%%"})
    void refusesOtherPercentages(String text) {
        var settings = new SettingsReader(Map.of("LOG_MIN_FREE", text));
        MinFree.read(settings);

        assertThatThrownBy(settings::finish)
                .isInstanceOf(StartFailure.class)
                .hasMessage("LOG_MIN_FREE: \"%s\" is not a size such as 2GiB, or 0%% to 99%%.", text);
    }

    @Test
    void bytesDoNotDependOnTheFileSystem() {
        assertThat(new MinFree(2 * GIB, 0).bytesOf(GIB)).isEqualTo(2 * GIB);
        assertThat(new MinFree(2 * GIB, 0).bytesOf(1_000 * GIB)).isEqualTo(2 * GIB);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0s", "9ms", "61s", "2m"})
    void refusesToForceTheLogTooOftenOrTooRarely(String text) {
        var settings = new SettingsReader(Map.of("LOG_SYNC", text));
        LogSettings.read(settings);

        assertThatThrownBy(settings::finish)
                .hasMessageStartingWith("LOG_SYNC: \"%s\" is not a duration from 10ms to 1m", text);
    }
}
