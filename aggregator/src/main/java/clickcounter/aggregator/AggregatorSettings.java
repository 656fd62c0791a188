package clickcounter.aggregator;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.admin.AdminSettings;
import java.nio.file.Path;
import java.time.Duration;

/// All that the aggregator can be told.
///
/// @param logFolder where clicks come from
/// @param shardFolder where the minutes that wait are kept; everything in it may be deleted
/// @param database where counts go
/// @param logRetention how long the log is kept
/// @param maxLogBytes size of the log above which less is kept
/// @param minuteRetention how long counts by minute are kept
/// @param flushInterval how often
/// @param maxRows most counts that wait; with more, a flush happens at once
/// @param maxMinutes most minutes that wait; with more, a flush happens at once
/// @param flushWorkers threads that collect the counts of several minutes
/// @param admin where it answers operators
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
