package clickcounter.endtoend;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.WarmStart;

/// Databases that have the schema.
final class MigratedDatabase {
    static {
        try (TestDatabase database = TestDatabase.create()) {
            migrate(database.url());
            WarmStart.make(database.url());
        }
    }

    private MigratedDatabase() {}

    /// A new database that has the schema.
    static TestDatabase create() {
        TestDatabase database = TestDatabase.create();
        migrate(database.url());
        return database;
    }

    /// Gives a database the schema.
    static void migrate(String databaseUrl) {
        new Schema(DatabaseSettings.of(databaseUrl)).up();
    }
}
