package clickcounter.query;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.query.http.CrossOrigin;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.admin.AdminSettings;
import clickcounter.shared.http.HttpSettings;
import clickcounter.shared.log.LogSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/// The settings of query.
///
/// @param http where it listens
/// @param database where the counts are
/// @param logFolder where the clicks are that the database does not have yet
/// @param maxKept how many of these clicks to keep in memory
/// @param maxRows how many rows an answer may have, one for each step of each banner
/// @param maxWait how long a request may wait until the log is read to its end
/// @param admin where it answers operators
/// @param origins those whose pages may read statistics, or `*` for all
/// @param token what requests for statistics must carry; if empty, statistics are open to everyone
public record QuerySettings(
        HttpSettings http,
        DatabaseSettings database,
        Path logFolder,
        int maxKept,
        int maxRows,
        Duration maxWait,
        AdminSettings admin,
        Set<String> origins,
        Optional<String> token) {
    /// Some times of the longest question, which names 100 banners of 19 digits.
    private static final long MAX_BODY_BYTES = 8_192;

    private static final int MAX_KEPT = 100_000_000;
    private static final int MAX_ROWS = 10_000_000;
    private static final Duration MAX_WAIT = Duration.ofSeconds(10);

    /// **Errors**: [clickcounter.shared.StartFailure] that lists all settings that are wrong.
    public static QuerySettings read(SettingsReader settings) {
        var read = new QuerySettings(
                HttpSettings.read(settings, Setting.QUERY_ADDRESS, Setting.QUERY_PORT, MAX_BODY_BYTES),
                DatabaseSettings.read(settings),
                LogSettings.read(settings).folder(),
                settings.integer(Setting.STATS_MAX_KEPT, 1, MAX_KEPT),
                settings.integer(Setting.STATS_MAX_ROWS, 1, MAX_ROWS),
                settings.duration(Setting.STATS_MAX_WAIT, Duration.ZERO, MAX_WAIT),
                AdminSettings.read(settings, Setting.QUERY_ADMIN_PORT),
                CrossOrigin.read(settings),
                settings.secret(Setting.STATS_TOKEN));
        settings.finish();
        return read;
    }
}
