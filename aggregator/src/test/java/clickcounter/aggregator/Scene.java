package clickcounter.aggregator;

import clickcounter.counts.LogPosition;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.shared.Lifetime;
import clickcounter.shared.admin.AdminSettings;
import clickcounter.shared.log.ClickReader;
import clickcounter.testing.Await;
import clickcounter.testing.LogAndDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/// A click log, and the database into which aggregators count it.
final class Scene extends LogAndDatabase {
    private static final Duration OFTEN = Duration.ofMillis(50);
    private static final Duration RARELY = Duration.ofHours(1);
    private static final Duration FOR_EVER = Duration.ofDays(36_500);

    private static final int MAX_ROWS = 200_000;
    private static final int MAX_MINUTES = 60;

    Scene() {
        new Schema(ownDatabase()).up();
    }

    /// Flushes once for what is there at its start, then only when it must.
    AggregatorSettings settings() {
        return settings(MAX_ROWS, MAX_MINUTES);
    }

    AggregatorSettings settings(int maxRows, int maxMinutes) {
        return settings(folder(), ownDatabase(), FOR_EVER, RARELY, maxRows, maxMinutes);
    }

    /// Flushes all the time.
    AggregatorSettings busySettings() {
        return busySettings(ownDatabase());
    }

    AggregatorSettings busySettings(DatabaseSettings databaseSettings) {
        return settings(folder(), databaseSettings, FOR_EVER, OFTEN, MAX_ROWS, MAX_MINUTES);
    }

    AggregatorSettings busySettings(Duration logRetention) {
        return settings(folder(), ownDatabase(), logRetention, OFTEN, MAX_ROWS, MAX_MINUTES);
    }

    /// As on another host, with a folder of its own.
    AggregatorSettings settings(Path otherFolder) {
        return settings(otherFolder, ownDatabase(), FOR_EVER, RARELY, MAX_ROWS, MAX_MINUTES);
    }

    private static AggregatorSettings settings(
            Path folder,
            DatabaseSettings databaseSettings,
            Duration logRetention,
            Duration flushInterval,
            int maxRows,
            int maxMinutes) {
        return new AggregatorSettings(
                folder.resolve("log"),
                folder.resolve("live"),
                databaseSettings,
                logRetention,
                Long.MAX_VALUE,
                FOR_EVER,
                flushInterval,
                maxRows,
                maxMinutes,
                2,
                AdminSettings.anyPort());
    }

    private DatabaseSettings ownDatabase() {
        return DatabaseSettings.of(databaseUrl());
    }

    /// Takes over, counts all that is there, and stops.
    void countAll() {
        Aggregator.start(settings(), new Lifetime()).close();
    }

    /// What the database says about the log that is in the folder now.
    LogPosition position() {
        try (var reader = ClickReader.open(logFolder());
                Connection connection = connect();
                var statement = connection.prepareStatement(
                        "select epoch, flush, last_index from click_log where log_id = ?")) {
            statement.setObject(1, reader.logId());
            try (var row = statement.executeQuery()) {
                row.next();
                Long lastIndex = row.getObject("last_index", Long.class);
                return new LogPosition(
                        row.getLong("epoch"), row.getLong("flush"), lastIndex == null ? ClickReader.START : lastIndex);
            }
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /// Returns when that many connections of aggregators wait for a lock of that type in the database.
    void awaitWaitingFor(String lockType, int connections) {
        Await.until(
                "%d aggregators wait for a lock of type %s".formatted(connections, lockType),
                () -> number("""
                        select count(*) from pg_stat_activity
                        where datname = current_database() and application_name = 'click-counter-aggregator'
                            and wait_event_type = 'Lock' and wait_event = '%s'""".formatted(lockType)) == connections);
    }
}
