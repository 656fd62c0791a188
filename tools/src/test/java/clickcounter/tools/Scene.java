package clickcounter.tools;

import clickcounter.aggregator.Aggregator;
import clickcounter.aggregator.AggregatorSettings;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.testing.LogAndDatabase;
import java.nio.file.Path;
import java.util.Map;

/// A click log, and the database into which it is counted.
final class Scene extends LogAndDatabase {
    Scene() {
        new Schema(database()).up();
    }

    DatabaseSettings database() {
        return DatabaseSettings.of(databaseUrl());
    }

    SettingsReader settings() {
        return settings(folder());
    }

    SettingsReader settings(Path dataDir) {
        return new SettingsReader(Map.of(
                "DATA_DIR", dataDir.toString(),
                "DATABASE_URL", databaseUrl(),
                "LOG_RETENTION", "3650d",
                "STATS_RETENTION_MINUTES", "36500d",
                "FLUSH_INTERVAL", "50ms",
                "AGGREGATOR_ADMIN_PORT", "0"));
    }

    Aggregator startAggregator() {
        return Aggregator.start(AggregatorSettings.read(settings()), new Lifetime());
    }

    /// Counts all clicks of the log.
    void countAll() {
        startAggregator().close();
    }
}
