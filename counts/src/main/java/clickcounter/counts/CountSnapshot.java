package clickcounter.counts;

import clickcounter.shared.log.ClickReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;

/// One moment of the database: all of its answers are of the same transactions. No minutes are dropped
/// while it is open.
///
/// **Threads**: one.
public final class CountSnapshot implements AutoCloseable {
    /// Stands for all banners together: no banner has this id.
    public static final long ALL_BANNERS = 0;

    /// Before the first query, which is when the moment is: the rows of a partition that is dropped later
    /// are gone from the snapshot, too. It is the lock of every query, and keeps nobody from counting.
    private static final String LOCK_PARTITIONS = "lock table banner_minute in access share mode";

    private static final String POSITIONS =
            "select log_id, last_index from click_log where last_index is not null order by log_id";

    private static final String MARKS = """
            select extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60
            from roll_up""";

    private static final String COUNTS = """
            select banner_id, extract(epoch from {unit})::bigint / 60, clicks from banner_{unit}
            where {unit} >= to_timestamp(? * 60) and {unit} < to_timestamp(? * 60)""";

    /// Both sides are added up together, so that a sum without parts and parts without a sum are found in
    /// one go.
    private static final String WRONG_SUMS = """
            select banner_id, extract(epoch from start)::bigint / 60, sum(in_sum)::bigint, sum(in_parts)::bigint
            from (
                select banner_id, {unit} as start, clicks as in_sum, 0 as in_parts from banner_{unit}
                where {unit} >= to_timestamp(?::bigint * 60) and {unit} < to_timestamp(?::bigint * 60)
                union all
                select banner_id, date_trunc('{unit}', {part}, 'UTC'), 0, clicks from banner_{part}
                where {part} >= to_timestamp(?::bigint * 60) and {part} < to_timestamp(?::bigint * 60)
                union all
                select banner_id, date_trunc('{unit}', to_timestamp(minute * 60), 'UTC'), 0, clicks
                from unnest(?, ?, ?) as missing (banner_id, minute, clicks)
            ) as sides
            group by banner_id, start having sum(in_sum) <> sum(in_parts) order by start, banner_id""";

    /// The same of all banners together.
    private static final String WRONG_TOTALS = """
            select extract(epoch from start)::bigint / 60, sum(in_total)::bigint, sum(of_banners)::bigint
            from (
                select {unit} as start, clicks as in_total, 0 as of_banners from total_{unit}
                where {unit} >= to_timestamp(?::bigint * 60) and {unit} < to_timestamp(?::bigint * 60)
                union all
                select {unit}, 0, clicks from banner_{unit}
                where {unit} >= to_timestamp(?::bigint * 60) and {unit} < to_timestamp(?::bigint * 60)
                union all
                select to_timestamp(minute * 60), 0, clicks from unnest(?, ?) as missing (minute, clicks)
            ) as sides
            group by start having sum(in_total) <> sum(of_banners) order by start""";

    private static final String FIRST_MINUTE = """
            select extract(epoch from least(
                (select min(hour) from banner_hour), (select min(day) from banner_day),
                (select min(month) from banner_month), (select min(minute) from banner_minute)))::bigint / 60""";

    /// Rows that are fetched at once when many are read.
    private static final int FETCH_ROWS = 10_000;

    private final Connection connection;
    private final UUID logId;
    private final Map<UUID, Long> positions;
    private final Marks marks;

    /// What to do with a sum that is not the one of its parts.
    @FunctionalInterface
    public interface WrongSums {
        void wrong(long bannerId, long minute, long sum, long parts);
    }

    private CountSnapshot(Connection connection, UUID logId) throws SQLException {
        this.connection = connection;
        this.logId = logId;
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.setAutoCommit(false);
        CountStore.withoutTimeouts(connection);
        try (var statement = connection.createStatement()) {
            statement.execute(LOCK_PARTITIONS);
        }
        positions = positions(connection);
        marks = marks(connection);
    }

    /// @param connection closed with the snapshot
    static CountSnapshot take(Connection connection, UUID logId) throws SQLException {
        try {
            return new CountSnapshot(connection, logId);
        } catch (SQLException failure) {
            connection.close();
            throw failure;
        }
    }

    private static Map<UUID, Long> positions(Connection connection) throws SQLException {
        var positions = new TreeMap<UUID, Long>();
        try (var statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(POSITIONS)) {
            while (rows.next()) {
                positions.put(rows.getObject(1, UUID.class), rows.getLong(2));
            }
        }
        return positions;
    }

    private static Marks marks(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                ResultSet row = statement.executeQuery(MARKS)) {
            row.next();
            return new Marks(row.getLong(1), row.getLong(2));
        }
    }

    /// How far this log is counted, or [ClickReader#START].
    public long position() {
        return positions.getOrDefault(logId, ClickReader.START);
    }

    /// The first minute that is kept; of earlier ones there are only sums.
    public long minutesSince() {
        return marks.minutesSince();
    }

    /// The first minute that is not summed up.
    public long rolledUntil() {
        return marks.rolledUntil();
    }

    /// The other logs that are counted to `index` or beyond, in the place where it would be in theirs.
    public List<UUID> otherLogsSince(long index) {
        return positions.entrySet().stream()
                .filter(log -> !log.getKey().equals(logId) && log.getValue() >= index)
                .map(Map.Entry::getKey)
                .toList();
    }

    /// The earliest minute of any count or sum.
    public OptionalLong firstMinute() throws SQLException {
        try (var statement = connection.createStatement();
                ResultSet row = statement.executeQuery(FIRST_MINUTE)) {
            row.next();
            long minute = row.getLong(1);
            return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(minute);
        }
    }

    /// Passes on all counts by that unit that begin in these minutes, in any order.
    public void forEachCount(Unit unit, long fromMinute, long toMinute, Counts.Sink sink) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(unit.in(COUNTS))) {
            select.setFetchSize(FETCH_ROWS);
            select.setLong(1, fromMinute);
            select.setLong(2, toMinute);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    sink.row(rows.getLong(1), rows.getLong(2), rows.getLong(3));
                }
            }
        }
    }

    /// Passes on the sums that are not those of their parts, by time and banner. Both minutes must begin
    /// one of the unit.
    ///
    /// @param missing what the parts lack, as is known already
    ///
    /// **Cost**: the database reads all sums and parts of the range once; it sorts on its disk what does
    /// not fit into memory.
    public void forEachWrongSum(Unit unit, long fromMinute, long toMinute, Counts missing, WrongSums sink)
            throws SQLException {
        String sql = unit.in(WRONG_SUMS).replace("{part}", unit.parts().word());
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setFetchSize(FETCH_ROWS);
            select.setLong(1, fromMinute);
            select.setLong(2, toMinute);
            select.setLong(3, fromMinute);
            select.setLong(4, unit.parts() == Unit.MINUTE ? Math.min(toMinute, rolledUntil()) : toMinute);
            select.setObject(5, missing.bannerIds());
            select.setObject(6, missing.minutes());
            select.setObject(7, missing.clicks());
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    sink.wrong(rows.getLong(1), rows.getLong(2), rows.getLong(3), rows.getLong(4));
                }
            }
        }
    }

    /// Passes on the totals that are not the sums of the banners' counts by that unit, by time.
    ///
    /// @param missing what the banners' counts lack, as is known already
    public void forEachWrongTotal(Unit unit, long fromMinute, long toMinute, Counts missing, WrongSums sink)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(unit.in(WRONG_TOTALS))) {
            select.setFetchSize(FETCH_ROWS);
            select.setLong(1, fromMinute);
            select.setLong(2, toMinute);
            select.setLong(3, fromMinute);
            select.setLong(4, unit == Unit.MINUTE ? Math.min(toMinute, rolledUntil()) : toMinute);
            select.setObject(5, missing.minutes());
            select.setObject(6, missing.clicks());
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    sink.wrong(ALL_BANNERS, rows.getLong(1), rows.getLong(2), rows.getLong(3));
                }
            }
        }
    }

    @Override
    public void close() throws SQLException {
        try (connection) {
            connection.rollback();
        }
    }
}
