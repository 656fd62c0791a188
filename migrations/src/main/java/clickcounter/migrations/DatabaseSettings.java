package clickcounter.migrations;

import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// Which database to use, and how.
///
/// @param embedded whether `url` is that of the embedded database, because `DATABASE_URL` is not set
/// @param poolSize maximum number of connections of query
/// @param timeout how long one statement may take
/// @param startTimeout how long a start waits for a database that does not answer
public record DatabaseSettings(
        DatabaseUrl url, boolean embedded, int poolSize, Duration timeout, Duration startTimeout) {
    /// The file in `DATA_DIR` that holds the URL of the embedded database while that runs.
    static final String URL_FILE = "database.url";

    private static final int CONNECTIONS_FOR_EACH_PROCESSOR = 5;
    private static final Duration MIN_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration MAX_TIMEOUT = Duration.ofHours(1);
    private static final Duration MAX_START_TIMEOUT = Duration.ofDays(1);

    /// Stands in for a URL that is missing or wrong until [SettingsReader#finish()] throws.
    private static final DatabaseUrl NOWHERE = DatabaseUrl.parse("postgres://nobody@localhost/nothing");

    /// Reads the settings whose names begin with `DATABASE_` and, for the embedded database, `DATA_DIR`.
    public static DatabaseSettings read(SettingsReader settings) {
        int most = maxPoolSize();
        Optional<String> url = settings.text(Setting.DATABASE_URL);
        return new DatabaseSettings(
                parse(url.or(() -> embeddedUrl(settings)), settings),
                url.isEmpty(),
                settings.optionalInteger(Setting.DATABASE_POOL_SIZE, 1, most).orElse(most),
                settings.duration(Setting.DATABASE_TIMEOUT, MIN_TIMEOUT, MAX_TIMEOUT),
                settings.duration(Setting.DATABASE_START_TIMEOUT, Duration.ZERO, MAX_START_TIMEOUT));
    }

    /// The settings of the database with this URL, with the defaults for the rest.
    public static DatabaseSettings of(String url) {
        var settings = new SettingsReader(Map.of(Setting.DATABASE_URL.name(), url));
        DatabaseSettings read = read(settings);
        settings.finish();
        return read;
    }

    /// The same database, which is expected to answer at once.
    DatabaseSettings withoutWaiting() {
        return new DatabaseSettings(url, embedded, poolSize, timeout, Duration.ZERO);
    }

    static int maxPoolSize() {
        return CONNECTIONS_FOR_EACH_PROCESSOR * Runtime.getRuntime().availableProcessors();
    }

    /// What an operator can do when the database does not answer, as the end of a message.
    String wayOut() {
        return embedded ? "Start it with ./run.sh database." : "Start it, or correct DATABASE_URL.";
    }

    private static Optional<String> embeddedUrl(SettingsReader settings) {
        Path file = settings.path(Setting.DATA_DIR).resolve(URL_FILE);
        try {
            if (Files.exists(file)) {
                return Optional.of(Files.readString(file).strip());
            }
            settings.error("""
                        DATABASE_URL is not set, and no embedded database is running (%s is missing): set \
                        DATABASE_URL, or start ./run.sh database.\
                        """.formatted(file));
        } catch (IOException failure) {
            settings.error("DATABASE_URL is not set, and the URL of the embedded database cannot be read: %s."
                    .formatted(failure));
        }
        return Optional.empty();
    }

    private static DatabaseUrl parse(Optional<String> url, SettingsReader settings) {
        try {
            return url.map(DatabaseUrl::parse).orElse(NOWHERE);
        } catch (IllegalArgumentException wrong) {
            settings.error("DATABASE_URL %s.".formatted(wrong.getMessage()));
            return NOWHERE;
        }
    }
}
