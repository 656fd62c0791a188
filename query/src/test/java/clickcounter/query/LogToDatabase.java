package clickcounter.query;

import clickcounter.shared.log.ClickReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;

/// Moves clicks from the log into the database as the aggregator does: counts and position in one transaction.
///
/// **Threads**: one at a time.
public final class LogToDatabase implements AutoCloseable {
    private static final List<String> SUMS = List.of("hour", "day", "month");

    private final ClickReader reader;
    private final DataSource database;

    private LogToDatabase(ClickReader reader, DataSource database) {
        this.reader = reader;
        this.database = database;
    }

    public static LogToDatabase open(Path logFolder, DataSource database) {
        return new LogToDatabase(ClickReader.open(logFolder), database);
    }

    private record Key(long bannerId, long minute) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            return bannerId != other.bannerId
                    ? Long.compare(bannerId, other.bannerId)
                    : Long.compare(minute, other.minute);
        }
    }

    public UUID logId() {
        return reader.logId();
    }

    /// Moves all clicks that are not in the database yet. Returns the position after that.
    public long move() throws SQLException {
        return move(Integer.MAX_VALUE);
    }

    /// Moves the next clicks, `most` at most. Returns the position after that.
    public long move(int most) throws SQLException {
        Map<Key, Long> clicks = new TreeMap<>();
        reader.read(most, (_, bannerId, timeMillis) -> {
            clicks.merge(new Key(bannerId, timeMillis / 60_000), 1L, Long::sum);
            return true;
        });
        if (!clicks.isEmpty()) {
            write(clicks, reader.position());
        }
        return reader.position();
    }

    private void write(Map<Key, Long> clicks, long position) throws SQLException {
        List<Long> bannerIds = new ArrayList<>();
        List<Long> minutes = new ArrayList<>();
        clicks.keySet().forEach(key -> {
            bannerIds.add(key.bannerId);
            minutes.add(key.minute);
        });
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            setPosition(connection, position);
            try (var statement = connection.createStatement()) {
                statement.execute("select from roll_up for share");
            }
            try (PreparedStatement insert = connection.prepareStatement("""
                    insert into banner_minute as existing
                    select banner, to_timestamp(minute * 60), clicks from unnest(?, ?, ?) rows (banner, minute, clicks)
                    on conflict (banner_id, minute) do update set clicks = existing.clicks + excluded.clicks
                    """)) {
                insert.setArray(1, connection.createArrayOf("bigint", bannerIds.toArray()));
                insert.setArray(2, connection.createArrayOf("bigint", minutes.toArray()));
                insert.setArray(
                        3, connection.createArrayOf("bigint", clicks.values().toArray()));
                insert.executeUpdate();
            }
            for (String sum : SUMS) {
                try (PreparedStatement insert = connection.prepareStatement("""
                        insert into banner_%1$s as existing
                        select banner, date_trunc('%1$s', to_timestamp(minute * 60), 'UTC'), sum(clicks)
                        from unnest(?, ?, ?) rows (banner, minute, clicks)
                        where to_timestamp(minute * 60) < (select rolled_until from roll_up)
                        group by 1, 2
                        on conflict (banner_id, %1$s) do update set clicks = existing.clicks + excluded.clicks
                        """.formatted(sum))) {
                    insert.setArray(1, connection.createArrayOf("bigint", bannerIds.toArray()));
                    insert.setArray(2, connection.createArrayOf("bigint", minutes.toArray()));
                    insert.setArray(
                            3,
                            connection.createArrayOf("bigint", clicks.values().toArray()));
                    insert.executeUpdate();
                }
            }
            sumUpTotals(connection);
            connection.commit();
        }
    }

    /// Sums up the minutes before `until`, as the aggregator does.
    public void rollUp(Instant until) throws SQLException {
        try (Connection connection = database.getConnection();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("select from roll_up for update");
            for (String sum : SUMS) {
                statement.execute("""
                        insert into banner_%1$s as existing
                        select banner_id, date_trunc('%1$s', minute, 'UTC'), sum(clicks) from banner_minute
                        where minute >= (select rolled_until from roll_up) and minute < '%2$s'
                        group by 1, 2
                        on conflict (banner_id, %1$s) do update set clicks = existing.clicks + excluded.clicks
                        """.formatted(sum, until));
            }
            statement.execute("update roll_up set rolled_until = greatest(rolled_until, '%s')".formatted(until));
            sumUpTotals(connection);
            connection.commit();
        }
    }

    private static void sumUpTotals(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            for (String sum : SUMS) {
                statement.execute("""
                        delete from total_%1$s;
                        insert into total_%1$s select %1$s, sum(clicks) from banner_%1$s group by 1
                        """.formatted(sum));
            }
            statement.execute("""
                    delete from total_minute;
                    insert into total_minute
                    select minute, sum(clicks) from banner_minute, roll_up where minute < rolled_until group by 1""");
        }
    }

    /// Only the position, whatever the counts are.
    public void setPosition(long position) throws SQLException {
        try (Connection connection = database.getConnection()) {
            setPosition(connection, position);
        }
    }

    private void setPosition(Connection connection, long position) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("""
                insert into click_log as existing values (?, 1, 1, ?, now())
                on conflict (log_id) do update
                set flush = existing.flush + 1, last_index = excluded.last_index, updated_at = now()
                """)) {
            upsert.setObject(1, reader.logId());
            upsert.setLong(2, position);
            upsert.executeUpdate();
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
