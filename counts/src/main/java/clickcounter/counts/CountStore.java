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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/// The counts in PostgreSQL, and the position in the log that they belong to. Both change in one transaction,
/// so that the counts are at every moment exactly those of the clicks up to the position.
///
/// Counts are kept by minute, and are summed up by hour, day and month for all minutes before a mark, each
/// banner's and all banners' together. A flush writes minutes; only of clicks that come so late that their minute is
/// before the mark it writes the sums,
/// too. It holds the mark meanwhile and [#rollUp] moves it, so that the sums are exact whoever writes: several
/// aggregators, and one that catches up while another one rolls up.
///
/// **Threads**: any; a log is moved on by one.
public final class CountStore {
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

    private static final List<String> ADD_TO_SUMS = forEachSum("""
            insert into banner_{unit} as counted (banner_id, {unit}, clicks)
            select banner_id, date_trunc('{unit}', to_timestamp(minute * 60), 'UTC'), sum(clicks)
            from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
            group by 1, 2 order by 1, 2
            on conflict (banner_id, {unit}) do update set clicks = counted.clicks + excluded.clicks""");

    /// The same for all banners together.
    private static final List<String> ADD_TO_TOTALS = forEachTotal("""
            insert into total_{unit} as counted ({unit}, clicks)
            select date_trunc('{unit}', to_timestamp(minute * 60), 'UTC'), sum(clicks)
            from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
            group by 1 order by 1
            on conflict ({unit}) do update set clicks = counted.clicks + excluded.clicks""");

    private static final List<String> ROLL_UP = forEachSum("""
            insert into banner_{unit} as counted (banner_id, {unit}, clicks)
            select banner_id, date_trunc('{unit}', minute, 'UTC'), sum(clicks)
            from banner_minute where minute >= to_timestamp(?::bigint * 60) and minute < to_timestamp(?::bigint * 60)
            group by 1, 2 order by 1, 2
            on conflict (banner_id, {unit}) do update set clicks = counted.clicks + excluded.clicks""");

    private static final List<String> ROLL_UP_TOTALS = forEachTotal("""
            insert into total_{unit} as counted ({unit}, clicks)
            select date_trunc('{unit}', minute, 'UTC'), sum(clicks)
            from banner_minute where minute >= to_timestamp(?::bigint * 60) and minute < to_timestamp(?::bigint * 60)
            group by 1 order by 1
            on conflict ({unit}) do update set clicks = counted.clicks + excluded.clicks""");

    private static final String MOVE_MARK = "update roll_up set rolled_until = to_timestamp(?::bigint * 60)";

    private static final String MARKS = """
            select extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60
            from roll_up for\s""";

    private static final String FIRST_PARTITION_AFTER = """
            select extract(epoch from min(since))::bigint / 60
            from minute_partition where before > to_timestamp(?::bigint * 60)""";

    /// How long flushes may wait because minutes that shall be dropped are being read.
    private static final Duration DROP_PATIENCE = Duration.ofMillis(500);

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final Database database;
    private final UUID logId;

    /// Months that have a partition. After a failure it may be another database, so nothing is known then.
    private final Set<YearMonth> knownMonths = ConcurrentHashMap.newKeySet();

    private volatile long newestMinute = -1;

    public CountStore(Database database, UUID logId) {
        this.database = database;
        this.logId = logId;
    }

    private static List<String> forEachSum(String sql) {
        return Unit.SUMS.stream().map(sum -> sum.in(sql)).toList();
    }

    private static List<String> forEachTotal(String sql) {
        return Arrays.stream(Unit.values()).map(unit -> unit.in(sql)).toList();
    }

    /// Makes the caller the owner of the log. Whoever owned it before fails at the next [#flush]. Waits for a
    /// flush of theirs that is being committed.
    public LogPosition takeOver() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(TAKE_OVER)) {
            statement.setObject(1, logId);
            return readPosition(statement).orElseThrow();
        }
    }

    /// The position as it stands in the database; empty when the database does not know the log.
    public Optional<LogPosition> position() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement(POSITION)) {
            statement.setObject(1, logId);
            return readPosition(statement);
        }
    }

    /// Whether it is known which logs the counts are of: true when there are none, too.
    public boolean knowsWhoHasCounted() throws SQLException {
        try (Connection connection = database.connection();
                var statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select exists (select from click_log) or not exists (select from banner_minute)")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /// What the database knows at this moment; the caller closes it soon.
    public CountSnapshot snapshot() throws SQLException {
        return CountSnapshot.take(database.connection(), logId);
    }

    /// Keeps everybody else from mending counts until it is closed.
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] when somebody does.
    public CountRepair repair() throws SQLException {
        return CountRepair.start(database, logId, this);
    }

    /// For transactions that may take as long as they need.
    static void withoutTimeouts(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0");
        }
    }

    /// Adds the counts and moves the log on from `before` to `newLastIndex`. Returns false, and changes
    /// nothing, when the log does not stand at `before`.
    ///
    /// **Errors**: after an [SQLException] the outcome is unknown when the connection was lost during the
    /// commit: [#position] tells it.
    public boolean flush(LogPosition before, long newLastIndex, Counts counts) throws SQLException {
        try (Connection connection = database.connection()) {
            for (YearMonth month : counts.months()) {
                addPartition(connection, month);
            }
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
        Marks marks = marks(connection, "share");
        // Clicks of a minute that was dropped are counted in the sums alone.
        add(connection, ADD, counts.from(marks.minutesSince()));
        Counts late = counts.before(marks.rolledUntil());
        for (String addToSum : ADD_TO_SUMS) {
            add(connection, addToSum, late);
        }
        for (String addToTotal : ADD_TO_TOTALS) {
            add(connection, addToTotal, late);
        }
    }

    static void add(Connection connection, String sql, Counts counts) throws SQLException {
        if (counts.size() == 0) {
            return;
        }
        // Arrays, not one parameter per value: a statement takes 65 535 parameters, an array any number of
        // rows.
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, counts.bannerIds());
            statement.setObject(2, counts.minutes());
            statement.setObject(3, counts.clicks());
            statement.executeUpdate();
        }
    }

    /// Sums up the next minutes after the mark up to `closedMinute`, which is not included, but not more than
    /// `mostMinutes`. Returns the mark then; it is not before `closedMinute` when all is summed up.
    ///
    /// **Cost**: flushes wait meanwhile, and the clicks wait in the log; `timeout` bounds each statement.
    public long rollUp(long closedMinute, long mostMinutes, Duration timeout) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("set local statement_timeout = " + timeout.toMillis());
            }
            long mark = marks(connection, "update").rolledUntil();
            if (mark >= closedMinute) {
                connection.rollback();
                return mark;
            }
            long first = Math.max(mark, firstPartitionAfter(connection, mark).orElse(closedMinute));
            long until = Math.min(first + mostMinutes, closedMinute);
            for (String rollUp : ROLL_UP) {
                execute(connection, rollUp, first, until);
            }
            for (String rollUp : ROLL_UP_TOTALS) {
                execute(connection, rollUp, first, until);
            }
            execute(connection, MOVE_MARK, until);
            connection.commit();
            return until;
        }
    }

    /// @param lock `share` for who relies on them until the end of the transaction, `update` for who moves them
    static Marks marks(Connection connection, String lock) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MARKS + lock);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return new Marks(row.getLong(1), row.getLong(2));
        }
    }

    private static OptionalLong firstPartitionAfter(Connection connection, long minute) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(FIRST_PARTITION_AFTER)) {
            statement.setLong(1, minute);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                long first = row.getLong(1);
                return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(first);
            }
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

    /// Makes the partitions for the minutes of these months, unless they are there.
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

    /// Drops the minutes of the months that ended before `time` and are summed up. Returns how many months; none
    /// while somebody reads minutes, such as an audit: flushes wait for this, so it must not wait for that.
    public int dropPartitions(Instant time) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try (Statement limit = connection.createStatement();
                    PreparedStatement statement = connection.prepareStatement("select drop_minute_partitions(?)")) {
                limit.execute("set local lock_timeout = " + DROP_PATIENCE.toMillis());
                statement.setObject(1, time.atOffset(ZoneOffset.UTC));
                int months;
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    months = row.getInt(1);
                }
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

    /// The latest minute of all that were flushed, or -1 before the first.
    public long newestMinute() {
        return newestMinute;
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
