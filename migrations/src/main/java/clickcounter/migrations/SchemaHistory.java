package clickcounter.migrations;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/// What a database says about its schema: the rows of Flyway's table, oldest first. It is read without Flyway,
/// whose start would take a process longer than all the rest of its own start.
///
/// @param exists whether the table exists; the first migration creates it
public record SchemaHistory(boolean exists, List<Entry> entries) {
    static final String TABLE = "flyway_schema_history";

    /// One migration. `succeeded` is false for one that failed halfway and could not be rolled back.
    public record Entry(int version, String description, OffsetDateTime appliedAt, boolean succeeded) {}

    static SchemaHistory read(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            ResultSet exists = statement.executeQuery("select to_regclass('" + TABLE + "') is not null");
            exists.next();
            if (!exists.getBoolean(1)) {
                return new SchemaHistory(false, List.of());
            }
            var entries = new ArrayList<Entry>();
            ResultSet rows = statement.executeQuery("""
                    select version::int, description, installed_on at time zone current_setting('timezone'), success
                    from %s
                    where version is not null and version <> '0'
                    order by version::int
                    """.formatted(TABLE));
            while (rows.next()) {
                entries.add(new Entry(
                        rows.getInt(1),
                        rows.getString(2),
                        rows.getObject(3, OffsetDateTime.class),
                        rows.getBoolean(4)));
            }
            return new SchemaHistory(true, List.copyOf(entries));
        }
    }

    /// The newest migration that was applied or has failed; 0 when there is none.
    public int version() {
        return entries.isEmpty() ? 0 : entries.getLast().version();
    }

    boolean hasFailed() {
        return entries.stream().anyMatch(entry -> !entry.succeeded());
    }
}
