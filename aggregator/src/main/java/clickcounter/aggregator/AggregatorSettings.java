package clickcounter.aggregator;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.admin.AdminSettings;
import java.nio.file.Path;
import java.time.Duration;

/// The settings of the aggregator.
///
/// @param logFolder the folder of the click log
/// @param shardFolder the folder for waiting minutes; everything in it may be deleted
/// @param database where counts are written
/// @param logRetention how long the log is kept
/// @param maxLogBytes the size of the log above which its oldest files are deleted earlier
/// @param minuteRetention how long counts by minute are kept
/// @param flushInterval how often counts are written
/// @param maxRows the number of waiting counts at which they are written at once
/// @param maxMinutes the number of waiting minutes at which they are written at once
/// @param flushWorkers threads that collect the counts of several minutes for a flush
/// @param admin the port for operators
public record AggregatorSettings(
        Path logFolder,
        Path shardFolder,
        DatabaseSettings database,
        Duration logRetention,
        long maxLogBytes,
        Duration minuteRetention,
        Duration flushInterval,
        int maxRows,
        int maxMinutes,
        int flushWorkers,
        AdminSettings admin) {

    /// **Errors**: [clickcounter.shared.StartFailure] that lists everything that is wrong.
    public static AggregatorSettings read(SettingsReader settings) {
        Path dataFolder = settings.path(Setting.DATA_DIR);
        var read = new AggregatorSettings(
                dataFolder.resolve("log"),
                dataFolder.resolve("live"),
                DatabaseSettings.read(settings),
                settings.duration(Setting.LOG_RETENTION, Duration.ofMinutes(10), Duration.ofDays(3650)),
                settings.text(Setting.LOG_MAX_SIZE).isEmpty()
                        ? Long.MAX_VALUE
                        : settings.bytes(Setting.LOG_MAX_SIZE, 1 << 20, Long.MAX_VALUE),
                settings.duration(Setting.STATS_RETENTION_MINUTES, Duration.ofDays(1), Duration.ofDays(36_500)),
                settings.duration(Setting.FLUSH_INTERVAL, Duration.ofMillis(50), Duration.ofMinutes(1)),
                settings.integer(Setting.FLUSH_MAX_ROWS, 1, 1_000_000),
                settings.integer(Setting.FLUSH_MAX_MINUTES, 1, 1_000),
                settings.integer(Setting.FLUSH_WORKERS, 1, 64),
                AdminSettings.read(settings, Setting.AGGREGATOR_ADMIN_PORT));
        settings.finish();
        return read;
    }
}
