package clickcounter.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsReaderTest {
    /// Kubernetes sets these for each service of a name, and many platforms set LOG_LEVEL.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "AGGREGATOR",
                "DATABASE",
                "FLUSH",
                "INGEST",
                "INGEST_ADMIN",
                "LOG",
                "QUERY",
                "QUERY_DB",
                "SERVICE",
                "STATS"
            })
    void ignoresWhatKubernetesSetsForAService(String service) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "LOG_LEVEL",
                "info",
                service + "_SERVICE_HOST",
                "10.0.0.7",
                service + "_SERVICE_PORT",
                "3001",
                service + "_SERVICE_PORT_HTTP",
                "3001"));
        for (String protocol : List.of("tcp", "udp", "sctp")) {
            String port = service + "_PORT_3001_" + protocol.toUpperCase(Locale.ROOT);
            environment.put(service + "_PORT", protocol + "://[fd00::7]:3001");
            environment.put(port, protocol + "://[fd00::7]:3001");
            environment.put(port + "_PROTO", protocol);
            environment.put(port + "_PORT", "3001");
            environment.put(port + "_ADDR", "fd00::7");
            assertThatCode(new SettingsReader(environment)::finish).doesNotThrowAnyException();
        }
    }

    @Test
    void takesThePortOfAServiceOfKubernetesForNotSet() {
        var settings =
                new SettingsReader(Map.of("QUERY_PORT", "tcp://10.0.0.7:3001", "DATABASE_PORT", "tcp://10.0.0.8:5432"));
        assertThat(settings.port(Setting.QUERY_PORT)).isEqualTo(3001);
        assertThat(settings.port(Setting.DATABASE_PORT)).isZero();
        settings.finish();
    }

    @Test
    void namesWhatDiffersFromTheDefaultsAndShowsNoSecret() {
        var reader = new SettingsReader(Map.of(
                "DATABASE_URL", "postgres://user:secret-word@localhost/clicks",
                "SECRET_KEY", "secret-word".repeat(5),
                "SERVICE_PORT", " 3000 ",
                "QUERY_PORT", "4001",
                "LOG_SYNC", "",
                "HOME", "/root"));

        assertThat(reader.differences())
                .containsExactly("QUERY_PORT=4001", "DATABASE_URL=(not shown)", "SECRET_KEY=(not shown)");
    }

    @Test
    void givesTheDefaultOfWhatIsNotSet() {
        var settings = new SettingsReader(Map.of());

        assertThat(settings.text(Setting.SERVICE_ADDRESS)).contains("0.0.0.0");
        assertThat(settings.text(Setting.SECRET_KEY)).isEmpty();
        assertThat(settings.port(Setting.SERVICE_PORT)).isEqualTo(3000);
        assertThat(settings.optionalInteger(Setting.DATABASE_POOL_SIZE, 1, 100)).isEmpty();
        assertThat(settings.flag(Setting.DEBUG)).isFalse();
        assertThat(settings.duration(Setting.LOG_SYNC, Duration.ZERO, Duration.ofHours(1)))
                .isEqualTo(Duration.ofSeconds(1));
        assertThat(settings.bytes(Setting.SERVICE_MAX_BODY, 0, Long.MAX_VALUE)).isEqualTo(64 * 1024);
        assertThat(settings.oneOf(Setting.LOGGING_FORMAT, "text", "auto")).isEqualTo("auto");
        assertThat(settings.path(Setting.DATA_DIR)).isEqualTo(Path.of("data"));
        assertThatCode(settings::finish).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t \n"})
    void takesAnEmptyValueForNotSet(String empty) {
        var settings = new SettingsReader(Map.of("SERVICE_PORT", empty, "SECRET_KEY", empty, "DEBUG", empty));

        assertThat(settings.port(Setting.SERVICE_PORT)).isEqualTo(3000);
        assertThat(settings.text(Setting.SECRET_KEY)).isEmpty();
        assertThat(settings.flag(Setting.DEBUG)).isFalse();
        assertThatCode(settings::finish).doesNotThrowAnyException();
    }

    @Test
    void dropsTheSpaceAroundAValue() {
        assertThat(with("SERVICE_ADDRESS", " ::1\n").text(Setting.SERVICE_ADDRESS))
                .contains("::1");
        assertThat(with("SERVICE_PORT", " 80 ").port(Setting.SERVICE_PORT)).isEqualTo(80);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_535})
    void readsPorts(int port) {
        assertThat(with("SERVICE_PORT", Integer.toString(port)).port(Setting.SERVICE_PORT))
                .isEqualTo(port);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "65536", "http", "80.0", "8 0", "0x50", "99999999999999999999"})
    void refusesOtherPorts(String value) {
        refused(
                "SERVICE_PORT",
                value,
                settings -> settings.port(Setting.SERVICE_PORT),
                "SERVICE_PORT: \"%s\" is not a whole number from 0 to 65535.");
    }

    @Test
    void readsWholeNumbersInTheirRange() {
        assertThat(with("FLUSH_WORKERS", "1").integer(Setting.FLUSH_WORKERS, 1, 8))
                .isEqualTo(1);
        assertThat(with("FLUSH_WORKERS", "8").integer(Setting.FLUSH_WORKERS, 1, 8))
                .isEqualTo(8);
        refused(
                "FLUSH_WORKERS",
                "9",
                settings -> settings.integer(Setting.FLUSH_WORKERS, 1, 8),
                "FLUSH_WORKERS: \"%s\" is not a whole number from 1 to 8.");
    }

    @Test
    void readsAnOptionalNumberThatIsSet() {
        assertThat(with("DATABASE_POOL_SIZE", "7").optionalInteger(Setting.DATABASE_POOL_SIZE, 1, 10))
                .isEqualTo(OptionalInt.of(7));
        refused(
                "DATABASE_POOL_SIZE",
                "0",
                settings -> settings.optionalInteger(Setting.DATABASE_POOL_SIZE, 1, 10),
                "DATABASE_POOL_SIZE: \"%s\" is not a whole number from 1 to 10.");
    }

    @ParameterizedTest
    @CsvSource({"1, true", "true, true", "0, false", "false, false"})
    void readsFlags(String value, boolean expected) {
        assertThat(with("DEBUG", value).flag(Setting.DEBUG)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "yes", "TRUE", "on"})
    void refusesOtherFlags(String value) {
        refused("DEBUG", value, settings -> settings.flag(Setting.DEBUG), "DEBUG: \"%s\" is not 1 or 0.");
    }

    @ParameterizedTest
    @CsvSource({"0s, 0", "250ms, 250", "1s, 1000", "90s, 90000", "10m, 600000", "12h, 43200000", "7d, 604800000"})
    void readsDurations(String value, long expectedMs) {
        assertThat(with("LOG_SYNC", value).duration(Setting.LOG_SYNC, Duration.ZERO, Duration.ofDays(7)))
                .isEqualTo(Duration.ofMillis(expectedMs));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "s", "1 s", "-1s", "1.5s", "1w", "1S", "1000000000d", "9ms", "61s"})
    void refusesOtherDurations(String value) {
        refused(
                "LOG_SYNC",
                value,
                settings -> settings.duration(Setting.LOG_SYNC, Duration.ofMillis(10), Duration.ofMinutes(1)),
                "LOG_SYNC: \"%s\" is not a duration from 10ms to 1m, such as 250ms, 1s, 10m, 12h or 7d.");
    }

    @ParameterizedTest
    @CsvSource({"0, 1500, 0s, 1500ms", "1000, 90000, 1s, 90s", "3600000, 604800000, 1h, 7d"})
    void namesTheRangeOfADurationInWholeUnits(long minMs, long maxMs, String min, String max) {
        refused(
                "LOG_SYNC",
                "never",
                settings -> settings.duration(Setting.LOG_SYNC, Duration.ofMillis(minMs), Duration.ofMillis(maxMs)),
                "LOG_SYNC: \"%s\" is not a duration from " + min + " to " + max
                        + ", such as 250ms, 1s, 10m, 12h or 7d.");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "17, 17",
        "17B, 17",
        "64KiB, 65536",
        "3MiB, 3145728",
        "2GiB, 2147483648",
        "1TiB, 1099511627776",
        "8388607TiB, 9223370937343148032"
    })
    void readsSizes(String value, long expectedBytes) {
        assertThat(with("LOG_MIN_FREE", value).bytes(Setting.LOG_MIN_FREE, 0, Long.MAX_VALUE))
                .isEqualTo(expectedBytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1.5GiB", "64KB", "64 KiB", "GiB", "1PiB", "8388608TiB", "9999999999999", "5%"})
    void refusesOtherSizes(String value) {
        refused(
                "LOG_MIN_FREE",
                value,
                settings -> settings.bytes(Setting.LOG_MIN_FREE, 0, Long.MAX_VALUE),
                "LOG_MIN_FREE: \"%s\" is not a size from 0 to 9223372036854775807 bytes, such as 64KiB or 2GiB.");
    }

    @Test
    void refusesSizesOutsideTheirRange() {
        for (String value : new String[] {"1KiB", "1025KiB"}) {
            refused(
                    "SERVICE_MAX_BODY",
                    value,
                    settings -> settings.bytes(Setting.SERVICE_MAX_BODY, 1025, 1 << 20),
                    "SERVICE_MAX_BODY: \"%s\" is not a size from 1025 to 1048576 bytes, such as 64KiB or 2GiB.");
        }
    }

    @Test
    void readsOneOfSomeWords() {
        assertThat(with("LOGGING_FORMAT", "json").oneOf(Setting.LOGGING_FORMAT, "auto", "text", "json"))
                .isEqualTo("json");
        refused(
                "LOGGING_FORMAT",
                "xml",
                settings -> settings.oneOf(Setting.LOGGING_FORMAT, "auto", "text", "json"),
                "LOGGING_FORMAT: \"%s\" is not one of auto, text, json.");
    }

    @Test
    void readsPaths() {
        assertThat(with("DATA_DIR", "/var/lib/clicks").path(Setting.DATA_DIR)).isEqualTo(Path.of("/var/lib/clicks"));
        refused("DATA_DIR", "da\0ta", settings -> settings.path(Setting.DATA_DIR), "DATA_DIR: \"%s\" is not a path.");
    }

    @Test
    void reportsAllErrorsAtOnceAndNumbered() {
        var settings = new SettingsReader(Map.of("SERVICE_PORT", "http", "DEBUG", "yes", "LOG_SYNK", "1s"));
        settings.port(Setting.SERVICE_PORT);
        settings.flag(Setting.DEBUG);
        settings.error("QUERY_PORT and SERVICE_PORT are the same: 3000.");

        assertThatThrownBy(settings::finish)
                .isInstanceOfSatisfying(
                        StartFailure.class,
                        failure -> assertThat(failure.code()).isEqualTo(ExitCode.START_FAILED))
                .hasMessage("""
                        4 settings are wrong:
                          1. LOG_SYNK is not a setting. Did you mean LOG_SYNC? config/settings.env lists all settings.
                          2. SERVICE_PORT: "http" is not a whole number from 0 to 65535.
                          3. DEBUG: "yes" is not 1 or 0.
                          4. QUERY_PORT and SERVICE_PORT are the same: 3000.""");
    }

    @ParameterizedTest
    @CsvSource({
        "SERVICE_PROT, SERVICE_PORT",
        "SERVICEPORT, SERVICE_PORT",
        "DATBASE_URL, DATABASE_URL",
        "DEBUGG, DEBUG",
        "SECRET_KEYS, SECRET_KEY",
        "DATADIR, DATA_DIR",
        "FLUSH_INTERVALL, FLUSH_INTERVAL",
        "LOG_SINK, LOG_SYNC",
        "QUERY_, QUERY_PORT",
        "STATS_MAX_KEEP, STATS_MAX_KEPT"
    })
    void refusesAnUnknownNameAndSuggestsTheNearest(String name, String suggestion) {
        assertThatThrownBy(with(name, "1")::finish)
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "%s is not a setting. Did you mean %s? config/settings.env lists all settings.",
                        name, suggestion);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"SERVICE_X", "QUERY_X", "LOG_X", "FLUSH_RETRY_BACKOFF", "STATS_X", "DATABASE_CONNECTION_LIMIT"})
    void refusesEveryUnknownNameThatBeginsLikeOurs(String name) {
        assertThatThrownBy(with(name, "1")::finish).hasMessageStartingWith(name + " is not a setting. Did you mean ");
    }

    @Test
    void leavesTheRestOfTheEnvironmentAlone() {
        String names = "PATH HOME LANG LC_ALL TERM USER LOGNAME SHELL PWD HOSTNAME TZ PORT"
                + " DEBUGGER DEBUGINFOD_URLS JAVA_HOME JDK_JAVA_OPTIONS MAVEN_OPTS INVOCATION_ID JOURNAL_STREAM"
                + " NOTIFY_SOCKET KUBERNETES_SERVICE_HOST PGHOST SSH_CLIENT XDG_DATA_DIRS CI _";
        for (String name : names.split(" ", -1)) {
            assertThatCode(with(name, "anything")::finish).as(name).doesNotThrowAnyException();
        }
    }

    @Test
    void refusesAShortSecretKey() {
        assertThatThrownBy(with("SECRET_KEY", "0123456789012345678901234567890")::finish)
                .isInstanceOf(StartFailure.class)
                .hasMessage("SECRET_KEY: its value (not shown) is not at least 32 bytes long.");
        assertThatCode(with("SECRET_KEY", "01234567890123456789012345678901")::finish)
                .doesNotThrowAnyException();
        assertThatCode(with("SECRET_KEY", "ä".repeat(16))::finish).doesNotThrowAnyException();
    }

    @Test
    void neverShowsASecret() {
        var settings = new SettingsReader(Map.of(
                "SECRET_KEY", "hunter2",
                "DATABASE_URL", "postgres://clicks:hunter2@db/clicks",
                "SECRET_KEZ", "hunter2"));
        for (Setting secret : new Setting[] {Setting.SECRET_KEY, Setting.DATABASE_URL}) {
            settings.wrong(secret, "right");
            settings.integer(secret, 0, 1);
            settings.flag(secret);
            settings.duration(secret, Duration.ZERO, Duration.ZERO);
            settings.bytes(secret, 0, 0);
            settings.oneOf(secret, "word");
        }

        assertThatThrownBy(settings::finish)
                .hasMessageStartingWith("14 settings are wrong:")
                .hasMessageContaining("DATABASE_URL: its value (not shown) is not right.")
                .hasMessageNotContainingAny("hunter2", "clicks:", "@db");
    }

    /// Asserts that reading `value` adds one error; `message` is a format for the value.
    private static void refused(String name, String value, Consumer<SettingsReader> read, String message) {
        var settings = with(name, value);
        read.accept(settings);
        assertThatThrownBy(settings::finish).isInstanceOf(StartFailure.class).hasMessage(message.formatted(value));
    }

    private static SettingsReader with(String name, String value) {
        return new SettingsReader(Map.of(name, value));
    }
}
