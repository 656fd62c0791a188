package clickcounter.counts;

import clickcounter.migrations.Database;
import clickcounter.shared.log.ClickReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/// Writes the counts of one log to PostgreSQL, together with the position in the log that they belong to. Both
/// change in one transaction, so that the counts are at every moment exactly those of the clicks up to the
/// position.
///
/// Clicks are counted by minute. The minutes before the mark ([Marks#rolledUntil]) are also summed up by hour,
/// day and month, for each banner and for all banners together. [#flush] writes minutes; it adds to the sums,
/// too, only the clicks that come so late that their minute is before the mark. [#rollUp] moves the mark. A flush
/// locks the mark while it writes, so the sums are exact whichever processes write: several aggregators, or one
/// that catches up while another one rolls up.
///
/// **Threads**: any; but only one at a time may flush a log.
///
/// **Errors**: [SQLException] from each method when the database does not answer or refuses. Nothing has changed
/// then, except that a connection that was lost during a commit leaves the outcome open.
public final class CountStore {
    /// How long flushes may have to wait because minutes that are to be dropped are still being read.
    private static final Duration DROP_PATIENCE = Duration.ofMillis(500);

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final Database database;
    private final UUID logId;

    /// Months that have a partition. After a failure this may be another database, so the set is cleared then.
    private final Set<YearMonth> knownMonths = ConcurrentHashMap.newKeySet();

    private volatile long newestMinute = -1;

    /// @param database closed by the caller; a call uses one of its connections, and an open snapshot or repair holds
    ///     one
    /// @param logId the log whose clicks are counted
    public CountStore(Database database, UUID logId) {
        this.database = database;
        this.logId = logId;
    }

    /// Makes the caller the owner of the log and returns the position to count on from. The next [#flush] of the
    /// former owner returns false. If the former owner is just committing a flush, this waits for it.
    public LogPosition takeOver() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement("""
                        insert into click_log (log_id, epoch, flush, last_index, updated_at)
                        values (?, 1, 0, null, now())
                        on conflict (log_id) do update set epoch = click_log.epoch + 1, updated_at = now()
                        returning epoch, flush, last_index""")) {
            statement.setObject(1, logId);
            return readPosition(statement).orElseThrow();
        }
    }

    /// Returns the position in the database, or empty if the log has never been taken over.
    public Optional<LogPosition> position() throws SQLException {
        try (Connection connection = database.connection()) {
            return position(connection, "");
        }
    }

    /// @param lock `for update` to lock the position until the end of the transaction, else empty
    Optional<LogPosition> position(Connection connection, String lock) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select epoch, flush, last_index from click_log where log_id = ? " + lock)) {
            statement.setObject(1, logId);
            return readPosition(statement);
        }
    }

    private static Optional<LogPosition> readPosition(PreparedStatement statement) throws SQLException {
        ResultSet row = statement.executeQuery();
        if (!row.next()) {
            return Optional.empty();
        }
        long lastIndex = row.getLong("last_index");
        boolean isAtStart = row.wasNull();
        return Optional.of(
                new LogPosition(row.getLong("epoch"), row.getLong("flush"), isAtStart ? ClickReader.START : lastIndex));
    }

    /// Whether the database knows which logs its counts come from. This is also true when there are no counts.
    public boolean knowsWhoHasCounted() throws SQLException {
        try (Connection connection = database.connection();
                Statement statement = connection.createStatement()) {
            ResultSet row = statement.executeQuery(
                    "select exists (select from click_log) or not exists (select from banner_minute)");
            row.next();
            return row.getBoolean(1);
        }
    }

    /// Takes a snapshot of the database at this moment. The caller closes it soon: until then no minutes are
    /// dropped.
    public CountSnapshot snapshot() throws SQLException {
        return CountSnapshot.take(database.connection(), logId);
    }

    /// Prevents others from repairing counts until the returned object is closed.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] when another process is repairing counts.
    public CountRepair repair() throws SQLException {
        return CountRepair.start(database.connection(), this);
    }

    /// Adds `counts` and moves the log's position from `before` to `newLastIndex`, in one transaction. Returns
    /// false, and changes nothing, if the position in the database is not `before`. Creates missing partitions
    /// first.
    ///
    /// **Errors**: after an [SQLException] nothing has changed, unless the connection was lost during the commit:
    /// [#position] then shows whether the commit has succeeded.
    public boolean flush(LogPosition before, long newLastIndex, Counts counts) throws SQLException {
        try (Connection connection = database.connection()) {
            for (YearMonth month : counts.months()) {
                addPartition(connection, month);
            }
            connection.setAutoCommit(false);
            try {
                // This locks the row of the log first: a repeated flush waits here for one that is being
                // committed.
                if (!movePosition(connection, before, newLastIndex)) {
                    connection.rollback();
                    return false;
                }
                add(connection, counts);
                connection.commit();
                newestMinute = Math.max(newestMinute, counts.newestMinute());
                return true;
            } catch (SQLException failure) {
                knownMonths.clear();
                try {
                    connection.rollback();
                } catch (SQLException lost) {
                    failure.addSuppressed(lost);
                }
                throw failure;
            }
        }
    }

    private boolean movePosition(Connection connection, LogPosition before, long newLastIndex) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("""
                update click_log set flush = flush + 1, last_index = ?, updated_at = now()
                where log_id = ? and epoch = ? and flush = ?""")) {
            statement.setLong(1, newLastIndex);
            statement.setObject(2, logId);
            statement.setLong(3, before.epoch());
            statement.setLong(4, before.flush());
            return statement.executeUpdate() == 1;
        }
    }

    /// All statements sort by key: so an index is walked once from left to right, and two aggregators (of two
    /// hosts) that add to the same rows lock them in the same order.
    private static void add(Connection connection, Counts counts) throws SQLException {
        if (counts.size() == 0) {
            return;
        }
        Marks marks = Marks.select(connection, "for share");
        // Clicks of a minute that was dropped are counted only in the sums.
        counts.from(marks.minutesSince()).execute(connection, """
                insert into banner_minute as counted (banner_id, minute, clicks)
                select banner_id, to_timestamp(minute * 60), clicks
                from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
                order by banner_id, minute
                on conflict (banner_id, minute) do update set clicks = counted.clicks + excluded.clicks""");
        Counts late = counts.before(marks.rolledUntil());
        for (Unit unit : Unit.SUMS) {
            late.execute(connection, unit.in("""
                    insert into banner_{unit} as counted (banner_id, {unit}, clicks)
                    select banner_id, date_trunc('{unit}', to_timestamp(minute * 60), 'UTC'), sum(clicks)
                    from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
                    group by 1, 2 order by 1, 2
                    on conflict (banner_id, {unit}) do update set clicks = counted.clicks + excluded.clicks"""));
        }
        for (Unit unit : Unit.values()) {
            late.execute(connection, unit.in("""
                    insert into total_{unit} as counted ({unit}, clicks)
                    select date_trunc('{unit}', to_timestamp(minute * 60), 'UTC'), sum(clicks)
                    from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
                    group by 1 order by 1
                    on conflict ({unit}) do update set clicks = counted.clicks + excluded.clicks"""));
        }
    }

    /// The latest minute that this object has flushed, or -1 before the first flush.
    public long newestMinute() {
        return newestMinute;
    }

    /// Sums up the minutes from the mark to `toMinute`, but at most `maxMinutes` of them; minutes without a
    /// partition are skipped. Returns the new mark, which is `toMinute` or later when everything is summed up.
    ///
    /// **Cost**: flushes wait in the meantime, and the clicks wait in the log.
    ///
    /// @param timeout the limit for each statement
    public long rollUp(long toMinute, long maxMinutes, Duration timeout) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("set local statement_timeout = " + timeout.toMillis());
            }
            long mark = Marks.select(connection, "for update").rolledUntil();
            if (mark >= toMinute) {
                connection.rollback();
                return mark;
            }
            long from = Math.max(mark, firstPartitionAfter(connection, mark).orElse(toMinute));
            long to = Math.min(from + maxMinutes, toMinute);
            for (Unit unit : Unit.SUMS) {
                execute(connection, unit.in("""
                        insert into banner_{unit} as counted (banner_id, {unit}, clicks)
                        select banner_id, date_trunc('{unit}', minute, 'UTC'), sum(clicks)
                        from banner_minute
                        where minute >= to_timestamp(?::bigint * 60) and minute < to_timestamp(?::bigint * 60)
                        group by 1, 2 order by 1, 2
                        on conflict (banner_id, {unit}) do update set clicks = counted.clicks + excluded.clicks"""), from, to);
            }
            for (Unit unit : Unit.values()) {
                execute(connection, unit.in("""
                        insert into total_{unit} as counted ({unit}, clicks)
                        select date_trunc('{unit}', minute, 'UTC'), sum(clicks)
                        from banner_minute
                        where minute >= to_timestamp(?::bigint * 60) and minute < to_timestamp(?::bigint * 60)
                        group by 1 order by 1
                        on conflict ({unit}) do update set clicks = counted.clicks + excluded.clicks"""), from, to);
            }
            execute(connection, "update roll_up set rolled_until = to_timestamp(?::bigint * 60)", to);
            connection.commit();
            return to;
        }
    }

    /// Returns the start of the first partition that ends after `minute`.
    private static Optional<Long> firstPartitionAfter(Connection connection, long minute) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("""
                select extract(epoch from min(since))::bigint / 60
                from minute_partition where before > to_timestamp(?::bigint * 60)""")) {
            statement.setLong(1, minute);
            ResultSet row = statement.executeQuery();
            row.next();
            return Optional.ofNullable(row.getObject(1, Long.class));
        }
    }

    private static void execute(Connection connection, String sql, long... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int at = 0; at < parameters.length; at++) {
                statement.setLong(at + 1, parameters[at]);
            }
            statement.executeUpdate();
        }
    }

    /// Creates the partitions for the minutes of these months, unless they exist.
    public void addPartitions(List<YearMonth> months) throws SQLException {
        try (Connection connection = database.connection()) {
            for (YearMonth month : months) {
                addPartition(connection, month);
            }
        }
    }

    void addPartition(Connection connection, YearMonth month) throws SQLException {
        if (knownMonths.contains(month)) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement("select add_minute_partition(?)")) {
            statement.setObject(1, month.atDay(1).atStartOfDay().atOffset(ZoneOffset.UTC));
            statement.execute();
        }
        knownMonths.add(month);
    }

    /// Drops the minutes of the months that ended before `time` and are summed up, and returns how many months
    /// these are. Drops none while others read minutes, such as an audit: flushes wait for this method, so it
    /// must not wait for a reader.
    public int dropPartitions(Instant time) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try (Statement limit = connection.createStatement();
                    PreparedStatement statement = connection.prepareStatement("select drop_minute_partitions(?)")) {
                limit.execute("set local lock_timeout = " + DROP_PATIENCE.toMillis());
                statement.setObject(1, time.atOffset(ZoneOffset.UTC));
                ResultSet row = statement.executeQuery();
                row.next();
                int months = row.getInt(1);
                connection.commit();
                return months;
            } catch (SQLException failure) {
                connection.rollback();
                if (LOCK_NOT_AVAILABLE.equals(failure.getSQLState())) {
                    return 0;
                }
                throw failure;
            }
        }
    }

    /// Allows the transaction to take as long as it needs.
    static void withoutTimeouts(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0");
        }
    }
}
