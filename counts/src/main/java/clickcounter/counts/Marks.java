package clickcounter.counts;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/// How far minutes are summed up and from when on they are kept, at one moment. All times are minutes since 1970.
///
/// @param rolledUntil the sums hold all clicks of the minutes before it, and none of later minutes; so the hour, the
///     day and the month that contain it are incomplete
/// @param minutesSince the minutes before it were dropped; only the sums hold their clicks
public record Marks(long rolledUntil, long minutesSince) {
    /// Nothing is summed up, and nothing was dropped.
    public static final Marks NONE = new Marks(0, 0);

    /// Reads two adjacent columns, the first of which is number `column`.
    static Marks read(ResultSet row, int column) throws SQLException {
        return new Marks(row.getLong(column), row.getLong(column + 1));
    }

    /// Reads the marks.
    ///
    /// @param lock `for share` if the transaction relies on them, `for update` if it moves them, else empty
    static Marks select(Connection connection, String lock) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet row = statement.executeQuery("""
                    select extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60
                    from roll_up {lock}""".replace("{lock}", lock));
            row.next();
            return read(row, 1);
        }
    }
}
