package clickcounter.aggregator;

import clickcounter.migrations.Database;
import clickcounter.shared.log.ClickReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;

/// The counts in PostgreSQL, and the position in the log that they belong to. Both change in one transaction,
/// so that the counts are at every moment exactly those of the clicks up to the position.
///
/// **Threads**: any; a log is moved on by one.
final class CountStore {
    private static final String TAKE_OVER = """
            insert into click_log (log_id, epoch, flush, last_index, updated_at) values (?, 1, 0, null, now())
            on conflict (log_id) do update set epoch = click_log.epoch + 1, updated_at = now()
            returning epoch, flush, last_index""";

    private static final String POSITION = "select epoch, flush, last_index from click_log where log_id = ?";

    private static final String MOVE_ON = """
            update click_log set flush = flush + 1, last_index = ?, updated_at = now()
            where log_id = ? and epoch = ? and flush = ?""";

    /// Sorted by key: the index is walked once from left to right, and two aggregators (of two hosts) that add
    /// to the same rows lock them in the same order.
    private static final String ADD = """
            insert into banner_minute as counted (banner_id, minute, clicks)
            select banner_id, to_timestamp(minute * 60), clicks
            from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
            order by banner_id, minute
            on conflict (banner_id, minute) do update set clicks = counted.clicks + excluded.clicks""";

    private final Database database;
    private final UUID logId;

    CountStore(Database database, UUID logId) {
        this.database = database;
        this.logId = logId;
    }

    /// Makes the caller the owner of the log. Whoever owned it before fails at the next [#flush]. Waits for a
    /// flush of theirs that is being committed.
    LogPosition takeOver() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(TAKE_OVER)) {
            statement.setObject(1, logId);
            return readPosition(statement).orElseThrow();
        }
    }

    /// The position as it stands in the database; empty when the database does not know the log.
    Optional<LogPosition> position() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(POSITION)) {
            statement.setObject(1, logId);
            return readPosition(statement);
        }
    }

    /// Adds the counts and moves the log on from `before` to `newLastIndex`. Returns false, and changes
    /// nothing, when the log does not stand at `before`.
    ///
    /// **Errors**: after an [SQLException] the outcome is unknown when the connection was lost during the
    /// commit: [#position] tells it.
    boolean flush(LogPosition before, long newLastIndex, Counts counts) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try {
                // The row of the log is locked first: a repeated flush waits here for one that is still being
                // committed.
                if (!moveOn(connection, before, newLastIndex)) {
                    connection.rollback();
                    return false;
                }
                add(connection, counts);
                connection.commit();
                return true;
            } catch (SQLException failure) {
                try {
                    connection.rollback();
                } catch (SQLException lost) {
                    failure.addSuppressed(lost);
                }
                throw failure;
            }
        }
    }

    private boolean moveOn(Connection connection, LogPosition before, long newLastIndex) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MOVE_ON)) {
            statement.setLong(1, newLastIndex);
            statement.setObject(2, logId);
            statement.setLong(3, before.epoch());
            statement.setLong(4, before.flush());
            return statement.executeUpdate() == 1;
        }
    }

    private static void add(Connection connection, Counts counts) throws SQLException {
        if (counts.size() == 0) {
            return;
        }
        // Arrays, not one parameter per value: a statement takes 65 535 parameters, an array any number of
        // rows.
        try (PreparedStatement statement = connection.prepareStatement(ADD)) {
            statement.setObject(1, counts.bannerIds());
            statement.setObject(2, counts.minutes());
            statement.setObject(3, counts.clicks());
            statement.executeUpdate();
        }
    }

    private static Optional<LogPosition> readPosition(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            if (!row.next()) {
                return Optional.empty();
            }
            long lastIndex = row.getLong("last_index");
            boolean isAtStart = row.wasNull();
            return Optional.of(new LogPosition(
                    row.getLong("epoch"), row.getLong("flush"), isAtStart ? ClickReader.START : lastIndex));
        }
    }
}
