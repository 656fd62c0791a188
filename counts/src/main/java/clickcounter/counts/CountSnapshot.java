package clickcounter.counts;

import clickcounter.shared.log.ClickReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;

/// The database at one moment: all answers reflect the same transactions. No minutes are dropped while it is
/// open; it prevents nobody from counting.
///
/// All times are minutes since 1970. A range of minutes is from `fromMinute`, inclusive, to `toMinute`,
/// exclusive, and contains the units that start in it.
///
/// **Threads**: one.
public final class CountSnapshot implements AutoCloseable {
    /// Stands for all banners together: no banner has this id.
    public static final long ALL_BANNERS = 0;

    /// How many rows are fetched at once when there are many.
    private static final int FETCH_ROWS = 10_000;

    private final Connection connection;
    private final UUID logId;
    private final Map<UUID, Long> positions = new TreeMap<>();
    private final Marks marks;

    /// Receives sums that differ from what they are the sums of.
    @FunctionalInterface
    public interface WrongSums {
        /// Receives one sum.
        ///
        /// @param minute the start of the unit
        /// @param sum the sum in the database
        /// @param parts what the sum should be: the sum of its parts, or of all banners
        void wrong(long bannerId, long minute, long sum, long parts);
    }

    private CountSnapshot(Connection connection, UUID logId) throws SQLException {
        this.connection = connection;
        this.logId = logId;
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.setAutoCommit(false);
        CountStore.withoutTimeouts(connection);
        try (Statement statement = connection.createStatement()) {
            // The first query determines the moment of the snapshot, so the lock comes before it: the rows of a
            // partition that is dropped later are also gone from the snapshot. Every query takes this lock.
            statement.execute("lock table banner_minute in access share mode");
            ResultSet rows =
                    statement.executeQuery("select log_id, last_index from click_log where last_index is not null");
            while (rows.next()) {
                positions.put(rows.getObject(1, UUID.class), rows.getLong(2));
            }
        }
        marks = Marks.select(connection, "");
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

    /// The last record of this log that is counted, or [ClickReader#START].
    public long position() {
        return positions.getOrDefault(logId, ClickReader.START);
    }

    /// The first minute that is kept; of earlier minutes there are only sums.
    public long minutesSince() {
        return marks.minutesSince();
    }

    /// The first minute that is not summed up.
    public long rolledUntil() {
        return marks.rolledUntil();
    }

    /// Returns the other logs that are counted up to `index` or beyond. An index contains the time of its cycle,
    /// so these logs may have clicks of that time or later.
    public List<UUID> otherLogsSince(long index) {
        return positions.entrySet().stream()
                .filter(log -> !log.getKey().equals(logId) && log.getValue() >= index)
                .map(Map.Entry::getKey)
                .toList();
    }

    /// Returns the earliest minute that any count or sum covers; empty when there are no counts.
    public OptionalLong firstMinute() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet row = statement.executeQuery("""
                    select extract(epoch from least(
                        (select min(hour) from banner_hour), (select min(day) from banner_day),
                        (select min(month) from banner_month), (select min(minute) from banner_minute)))::bigint / 60""");
            row.next();
            long minute = row.getLong(1);
            return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(minute);
        }
    }

    /// Passes on all counts by `unit` in the range, in any order.
    public void forEachCount(Unit unit, long fromMinute, long toMinute, Counts.Sink sink) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(unit.in("""
                select banner_id, extract(epoch from {unit})::bigint / 60, clicks
                from banner_{unit}
                where {unit} >= to_timestamp(? * 60) and {unit} < to_timestamp(? * 60)"""))) {
            select.setFetchSize(FETCH_ROWS);
            select.setLong(1, fromMinute);
            select.setLong(2, toMinute);
            ResultSet rows = select.executeQuery();
            while (rows.next()) {
                sink.row(rows.getLong(1), rows.getLong(2), rows.getLong(3));
            }
        }
    }

    /// Passes on the sums by `unit` that differ from the sum of their parts ([Unit#parts]), by time and banner.
    /// Both ends of the range must be starts of the unit.
    ///
    /// **Cost**: the database reads all sums and parts of the range once, and sorts on its disk what does not fit
    /// into memory.
    ///
    /// @param missing clicks that the parts are already known to lack; they are counted as if they were there
    public void forEachWrongSum(Unit unit, long fromMinute, long toMinute, Counts missing, WrongSums sink)
            throws SQLException {
        forEachWrong("banner_{unit}", "banner_id", unit, unit.parts(), fromMinute, toMinute, missing, sink);
    }

    /// Passes on the totals by `unit` that differ from the sum of all banners' counts by that unit, by time.
    ///
    /// @param missing clicks that the banners' counts are already known to lack; they are counted as if they
    ///     were there
    public void forEachWrongTotal(Unit unit, long fromMinute, long toMinute, Counts missing, WrongSums sink)
            throws SQLException {
        forEachWrong("total_{unit}", Long.toString(ALL_BANNERS), unit, unit, fromMinute, toMinute, missing, sink);
    }

    /// @param table the sums
    /// @param bannerId the banner of a sum and of its parts, in SQL
    private void forEachWrong(
            String table,
            String bannerId,
            Unit unit,
            Unit part,
            long fromMinute,
            long toMinute,
            Counts missing,
            WrongSums sink)
            throws SQLException {
        // Both sides are added up together, so that one query finds both a sum without parts and parts without a
        // sum.
        String sql = """
                select id, extract(epoch from start)::bigint / 60, sum(in_sum)::bigint, sum(in_parts)::bigint
                from (
                    select {id} as id, {unit} as start, clicks as in_sum, 0 as in_parts from {table}
                    where {unit} >= to_timestamp(?::bigint * 60) and {unit} < to_timestamp(?::bigint * 60)
                    union all
                    select {id}, date_trunc('{unit}', {part}, 'UTC'), 0, clicks from banner_{part}
                    where {part} >= to_timestamp(?::bigint * 60) and {part} < to_timestamp(?::bigint * 60)
                    union all
                    select {id}, date_trunc('{unit}', to_timestamp(minute * 60), 'UTC'), 0, clicks
                    from unnest(?, ?, ?) as missing (banner_id, minute, clicks)
                ) as sides
                group by id, start having sum(in_sum) <> sum(in_parts)
                order by start, id""";
        try (PreparedStatement select = connection.prepareStatement(
                unit.in(sql.replace("{table}", table).replace("{id}", bannerId).replace("{part}", part.word())))) {
            select.setFetchSize(FETCH_ROWS);
            select.setLong(1, fromMinute);
            select.setLong(2, toMinute);
            select.setLong(3, fromMinute);
            select.setLong(4, part == Unit.MINUTE ? Math.min(toMinute, rolledUntil()) : toMinute);
            select.setObject(5, missing.bannerIds());
            select.setObject(6, missing.minutes());
            select.setObject(7, missing.clicks());
            ResultSet rows = select.executeQuery();
            while (rows.next()) {
                sink.wrong(rows.getLong(1), rows.getLong(2), rows.getLong(3), rows.getLong(4));
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
