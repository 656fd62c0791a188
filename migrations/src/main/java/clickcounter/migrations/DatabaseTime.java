package clickcounter.migrations;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/// The time by the database's clock, which may be another one than this machine's.
///
/// @param server the address of the machine of that clock; null for a connection that is not over a network
public record DatabaseTime(Instant time, @Nullable String server) {
    /// Asks the database.
    public static DatabaseTime of(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet row = statement.executeQuery("select clock_timestamp(), host(inet_server_addr())");
            row.next();
            return new DatabaseTime(row.getObject(1, OffsetDateTime.class).toInstant(), row.getString(2));
        }
    }
}
