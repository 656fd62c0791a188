package clickcounter.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsFileTest {
    private static final Path ROOT = Path.of(System.getProperty("clickcounter.root"));
    private static final Path FILE = ROOT.resolve("config/settings.env");
    private static final Path DOCUMENT = ROOT.resolve("docs/settings.md");

    @TempDir
    Path folder;

    @Test
    void theFileListsEverySettingOnceWithItsDefault() throws IOException {
        assertThat(Files.readAllLines(FILE).stream().filter(line -> line.matches("#?\\w+=.*")))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(Setting.values())
                        .map(setting -> "#" + setting.name() + "=" + setting.defaultText())
                        .toList());
    }

    @Test
    void everyLineOfTheFileIsAComment() throws IOException {
        assertThat(Files.readAllLines(FILE)).allMatch(line -> line.isEmpty() || line.startsWith("#"));
    }

    @Test
    void theFileExplainsEverySettingWithASentenceThatTheDocumentRepeats() throws IOException {
        List<String> rows = new ArrayList<>();
        List<String> explanation = new ArrayList<>();
        for (String line : Files.readAllLines(FILE)) {
            if (line.matches("#\\w+=.*")) {
                String text = String.join(" ", explanation);
                assertThat(text).as("the text above %s", line).matches("\\S.*\\.");
                String[] setting = line.substring(1).split("=", 2);
                String value = setting[1].isEmpty() ? "not set" : "`" + setting[1] + "`";
                rows.add("| `%s` | %s | %s |".formatted(setting[0], text, value));
            }
            if (line.isEmpty()) {
                explanation.clear();
            } else {
                explanation.add(line.replaceFirst("^# ", ""));
            }
        }
        assertThat(Files.readAllLines(DOCUMENT).stream().filter(line -> line.startsWith("| `")))
                .containsExactlyElementsOf(rows);
    }

    @Test
    void readsAFileAsSystemdDoes() throws IOException {
        Path file = Files.writeString(folder.resolve("settings.env"), """
                # DEBUG=1
                SERVICE_PORT=8080
                  QUERY_PORT = 8081\t
                LOG_RETENTION="2d"
                STATS_TOKEN='a "quoted" \\ token # of everything '
                SECRET_KEY="say \\"yes\\" \\\\ \\n"
                DATABASE_URL=postgres://clicks:a\\\\b"c"@db/clicks?sslmode=require
                INGEST_SOCKET=
                no setting
                """);

        assertThat(SettingsFile.under(Map.of(), file))
                .containsOnly(
                        entry("SERVICE_PORT", "8080"),
                        entry("QUERY_PORT", "8081"),
                        entry("LOG_RETENTION", "2d"),
                        entry("STATS_TOKEN", "a \"quoted\" \\ token # of everything "),
                        entry("SECRET_KEY", "say \"yes\" \\ \\n"),
                        entry("DATABASE_URL", "postgres://clicks:a\\b\"c\"@db/clicks?sslmode=require"),
                        entry("INGEST_SOCKET", ""));
    }

    @Test
    void theEnvironmentWinsOverTheFile() throws IOException {
        Path file = Files.writeString(folder.resolve("settings.env"), "SERVICE_PORT=8080\nQUERY_PORT=8081\n");

        assertThat(SettingsFile.under(Map.of("SERVICE_PORT", "", "HOME", "/root"), file))
                .containsOnly(entry("SERVICE_PORT", ""), entry("QUERY_PORT", "8081"), entry("HOME", "/root"));
        assertThat(SettingsFile.under(Map.of("SERVICE_PORT", "80"), folder.resolve("missing")))
                .containsOnly(entry("SERVICE_PORT", "80"));
    }

    /// Keys and defaults are an interface to users: a change of one must be repeated here.
    @Test
    void keysAndDefaultsAreThese() {
        assertThat(Arrays.stream(Setting.values()).map(setting -> setting.name() + "=" + setting.defaultText()))
                .containsExactly(
                        "SERVICE_ADDRESS=0.0.0.0",
                        "SERVICE_PORT=3000",
                        "SERVICE_MAX_BODY=64KiB",
                        "SERVICE_MAX_CONNECTIONS=10000",
                        "SERVICE_MAX_NEW_BANNERS=10000",
                        "SERVICE_RECEIVE_TIMEOUT=10s",
                        "SERVICE_SHUTDOWN_GRACE=10s",
                        "SERVICE_DRAIN_DELAY=0s",
                        "INGEST_PROCESSES=1",
                        "INGEST_SOCKET=",
                        "INGEST_THREADS=",
                        "QUERY_ADDRESS=127.0.0.1",
                        "QUERY_PORT=3001",
                        "ADMIN_ADDRESS=127.0.0.1",
                        "INGEST_ADMIN_PORT=3010",
                        "AGGREGATOR_ADMIN_PORT=3011",
                        "QUERY_ADMIN_PORT=3012",
                        "DATA_DIR=data",
                        "LOG_MAX_SIZE=",
                        "LOG_MIN_FREE=2GiB",
                        "LOG_RETENTION=7d",
                        "LOG_SYNC=1s",
                        "FLUSH_INTERVAL=1s",
                        "FLUSH_MAX_MINUTES=60",
                        "FLUSH_MAX_ROWS=200000",
                        "FLUSH_WORKERS=4",
                        "STATS_MAX_KEPT=2000000",
                        "STATS_MAX_ROWS=1000000",
                        "STATS_MAX_WAIT=1s",
                        "STATS_ORIGINS=",
                        "STATS_RETENTION_MINUTES=400d",
                        "STATS_TOKEN=",
                        "DATABASE_URL=",
                        "DATABASE_POOL_SIZE=",
                        "DATABASE_PORT=0",
                        "DATABASE_TIMEOUT=30s",
                        "DATABASE_START_TIMEOUT=2m",
                        "DEBUG=0",
                        "LOGGING_FORMAT=auto",
                        "SECRET_KEY=");
    }
}
