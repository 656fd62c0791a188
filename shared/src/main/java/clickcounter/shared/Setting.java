package clickcounter.shared;

import java.util.List;

/// All settings of all processes. A constant is named like its environment variable. `config/settings.env`
/// documents what each setting means, with its unit; a test ensures that the two files agree.
///
/// A process rejects unknown variables whose names begin like a setting or nearly equal one, so that no typing
/// error goes unnoticed.
public enum Setting {
    SERVICE_ADDRESS("0.0.0.0"),
    SERVICE_PORT("3000"),
    SERVICE_MAX_BODY("64KiB"),
    SERVICE_MAX_CONNECTIONS("10000"),
    SERVICE_MAX_NEW_BANNERS("10000"),
    SERVICE_RECEIVE_TIMEOUT("10s"),
    SERVICE_SHUTDOWN_GRACE("10s"),
    SERVICE_DRAIN_DELAY("0s"),

    INGEST_PROCESSES("1"),
    INGEST_SOCKET(""),
    INGEST_THREADS(""),

    QUERY_ADDRESS("127.0.0.1"),
    QUERY_PORT("3001"),

    ADMIN_ADDRESS("127.0.0.1"),
    INGEST_ADMIN_PORT("3010"),
    AGGREGATOR_ADMIN_PORT("3011"),
    QUERY_ADMIN_PORT("3012"),

    DATA_DIR("data"),

    LOG_MAX_SIZE(""),
    LOG_MIN_FREE("2GiB"),
    LOG_RETENTION("7d"),
    LOG_SYNC("1s"),

    FLUSH_INTERVAL("1s"),
    FLUSH_MAX_MINUTES("60"),
    FLUSH_MAX_ROWS("200000"),
    FLUSH_WORKERS("4"),

    STATS_MAX_KEPT("2000000"),
    STATS_MAX_ROWS("1000000"),
    STATS_MAX_WAIT("1s"),
    STATS_ORIGINS(""),
    STATS_RETENTION_MINUTES("400d"),
    STATS_TOKEN(""),

    DATABASE_URL(""),
    DATABASE_POOL_SIZE(""),
    DATABASE_PORT("0"),
    DATABASE_TIMEOUT("30s"),
    DATABASE_START_TIMEOUT("2m"),

    DEBUG("0"),
    LOGGING_FORMAT("auto"),
    SECRET_KEY("");

    private static final List<String> OUR_PREFIXES =
            List.of("SERVICE_", "INGEST_", "QUERY_", "AGGREGATOR_", "ADMIN_", "LOG_", "FLUSH_", "STATS_", "DATABASE_");

    private final String defaultText;

    Setting(String defaultText) {
        this.defaultText = defaultText;
    }

    /// The default as it would be written in the environment; empty if there is none.
    public String defaultText() {
        return defaultText;
    }

    boolean isSecret() {
        return this == SECRET_KEY || this == STATS_TOKEN || this == DATABASE_URL;
    }

    /// Whether a variable belongs to this project by its name, even if there is no such setting.
    static boolean isOurs(String name) {
        return OUR_PREFIXES.stream().anyMatch(name::startsWith);
    }
}
