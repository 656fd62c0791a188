package clickcounter.query;

import clickcounter.migrations.Database;
import clickcounter.shared.log.ClickReader;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// The counts in the database, and how far of the log they are.
///
/// **Threads**: any.
///
/// **Errors**: [SQLException] whenever the database does not answer. The first to notice that it is away wait
/// for a connection, [Database#ACQUIRE_TIMEOUT] at most; then all fail at once until [#position()], which is
/// asked for every second, has found it back. All fail at once, too, that find too many waiting already.
final class BannerCounts {
    /// How many requests may wait for a connection while all are in use: what a few seconds can serve at most.
    static final int MAX_WAITING = 1_000;

    private static final int SECONDS_PER_MINUTE = 60;

    /// One value for all rows, 16 bytes each: minute and clicks. As rows of their own they would cost the
    /// driver ten times the memory, and an answer may hold a year of minutes.
    private static final String READ = """
            select
                (select last_index from click_log where log_id = ?),
                (select string_agg(timestamptz_send(minute) || int8send(clicks), '' order by minute)
                 from (
                    select minute, clicks from banner_minute
                    where banner_id = ? and minute >= to_timestamp(?) and minute < to_timestamp(?)
                    order by minute
                    limit ?) banner)
            """;

    private static final int BYTES_PER_ROW = 2 * Long.BYTES;

    /// PostgreSQL sends times as microseconds since 2000.
    private static final long MICROS_PER_MINUTE = 60_000_000;

    private static final long MINUTE_OF_2000 = 946_684_800 / SECONDS_PER_MINUTE;

    private final Database database;
    private final UUID logId;
    private final int maxRows;
    private final Semaphore places;
    private volatile boolean isAway;

    /// @param poolSize how many connections the database has
    /// @param maxRows most rows of one answer; one more is read when there are more
    BannerCounts(Database database, int poolSize, UUID logId, int maxRows) {
        this.database = database;
        this.logId = logId;
        this.maxRows = maxRows;
        this.places = new Semaphore(poolSize + MAX_WAITING);
    }

    /// What the database knew at one moment.
    ///
    /// @param position index of the last click that is counted, or [ClickReader#START]
    record Snapshot(long position, MinuteCounts counts) {}

    /// The position of the log up to which clicks are counted.
    long position() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement select =
                        connection.prepareStatement("select last_index from click_log where log_id = ?")) {
            select.setObject(1, logId);
            ResultSet row = select.executeQuery();
            long position = row.next() ? positionOf(row) : ClickReader.START;
            isAway = false;
            return position;
        } catch (SQLException failure) {
            isAway = true;
            throw failure;
        }
    }

    /// Counts and position, from one snapshot of the database.
    Snapshot read(StatisticsRequest asked) throws SQLException {
        if (isAway) {
            throw new SQLTransientConnectionException("it did not answer when it was asked last");
        }
        if (!places.tryAcquire()) {
            throw new SQLTransientConnectionException(
                    "more than %d requests wait for a connection".formatted(MAX_WAITING));
        }
        try (Connection connection = database.connection();
                PreparedStatement select = connection.prepareStatement(READ)) {
            select.setObject(1, logId);
            select.setLong(2, asked.bannerId());
            select.setLong(3, asked.fromMinute() * SECONDS_PER_MINUTE);
            select.setLong(4, asked.toMinute() * SECONDS_PER_MINUTE);
            select.setLong(5, maxRows + 1L);
            ResultSet row = select.executeQuery();
            row.next();
            return new Snapshot(positionOf(row), countsOf(row.getBytes(2)));
        } finally {
            places.release();
        }
    }

    private static long positionOf(ResultSet row) throws SQLException {
        long index = row.getLong(1);
        return row.wasNull() ? ClickReader.START : index;
    }

    private static MinuteCounts countsOf(byte @Nullable [] rows) {
        if (rows == null) {
            return MinuteCounts.NONE;
        }
        int size = rows.length / BYTES_PER_ROW;
        long[] minutes = new long[size];
        long[] clicks = new long[size];
        var buffer = ByteBuffer.wrap(rows);
        for (int at = 0; at < size; at++) {
            minutes[at] = buffer.getLong() / MICROS_PER_MINUTE + MINUTE_OF_2000;
            clicks[at] = buffer.getLong();
        }
        return new MinuteCounts(minutes, clicks);
    }
}
