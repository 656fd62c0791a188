package clickcounter.counts;

import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.testing.LogAndDatabase;

/// A database with the schema, and a pool of connections to it.
final class Scene extends LogAndDatabase {
    final Database database;

    Scene() {
        DatabaseSettings settings = DatabaseSettings.of(databaseUrl());
        new Schema(settings).up();
        database = Database.connect(settings, "test", 8);
    }

    /// @param rows banner, minute and clicks of one row after the other
    static Counts counts(long... rows) {
        var builder = new Counts.Builder(0);
        for (int at = 0; at < rows.length; at += 3) {
            builder.add(rows[at], rows[at + 1], rows[at + 2]);
        }
        return builder.build();
    }

    @Override
    public void close() {
        database.close();
        super.close();
    }
}
