package clickcounter.aggregator;

import clickcounter.migrations.Database;
import clickcounter.shared.StartFailure;
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
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

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

    private static final List<String> ADD_TO_SUMS = forEachSum("""
            insert into banner_{sum} as counted (banner_id, {sum}, clicks)
            select banner_id, date_trunc('{sum}', to_timestamp(minute * 60), 'UTC'), sum(clicks)
            from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
            group by 1, 2 order by 1, 2
            on conflict (banner_id, {sum}) do update set clicks = counted.clicks + excluded.clicks""");

    /// The same for all banners together.
    private static final List<String> ADD_TO_TOTALS = forEachTotal("""
            insert into total_{sum} as counted ({sum}, clicks)
            select date_trunc('{sum}', to_timestamp(minute * 60), 'UTC'), sum(clicks)
            from unnest(?, ?, ?) as flushed (banner_id, minute, clicks)
            group by 1 order by 1
            on conflict ({sum}) do update set clicks = counted.clicks + excluded.clicks""");

    private static final List<String> ROLL_UP = forEachSum("""
            insert into banner_{sum} as counted (banner_id, {sum}, clicks)
            select banner_id, date_trunc('{sum}', minute, 'UTC'), sum(clicks)
            from banner_minute where minute >= to_timestamp(?::bigint * 60) and minute < to_timestamp(?::bigint * 60)
            group by 1, 2 order by 1, 2
            on conflict (banner_id, {sum}) do update set clicks = counted.clicks + excluded.clicks""");

    private static final List<String> ROLL_UP_TOTALS = forEachTotal("""
            insert into total_{sum} as counted ({sum}, clicks)
            select date_trunc('{sum}', minute, 'UTC'), sum(clicks)
            from banner_minute where minute >= to_timestamp(?::bigint * 60) and minute < to_timestamp(?::bigint * 60)
            group by 1 order by 1
            on conflict ({sum}) do update set clicks = counted.clicks + excluded.clicks""");

    private static final String MOVE_MARK = "update roll_up set rolled_until = to_timestamp(?::bigint * 60)";

    private static final String MARKS = """
            select extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60
            from roll_up for\s""";

    private static final String FIRST_PARTITION_AFTER = """
            select extract(epoch from min(since))::bigint / 60
            from minute_partition where before > to_timestamp(?::bigint * 60)""";

    private static final String ALL_POSITIONS =
            "select log_id, last_index from click_log where last_index is not null order by log_id";

    private static final String COUNTS = """
            select banner_id, extract(epoch from minute)::bigint / 60, clicks from banner_minute
            where minute >= to_timestamp(? * 60) and minute < to_timestamp(? * 60)""";

    private static final String LOCK_POSITION = "select last_index from click_log where log_id = ? for update";

    /// What must be taken away is taken away first, so that a count that is wrong in both directions at once
    /// cannot be.
    private static final String DELETE_ALL_OF_IT = """
            delete from banner_minute as counted
            using unnest(?, ?, ?) as missing (banner_id, minute, clicks)
            where counted.banner_id = missing.banner_id and counted.minute = to_timestamp(missing.minute * 60)
                and counted.clicks + missing.clicks <= 0""";

    private static final String TAKE_AWAY = """
            update banner_minute as counted set clicks = counted.clicks + missing.clicks
            from unnest(?, ?, ?) as missing (banner_id, minute, clicks)
            where counted.banner_id = missing.banner_id and counted.minute = to_timestamp(missing.minute * 60)
                and missing.clicks < 0""";

    /// The sums that these minutes belong to, made anew from the minutes: both may have been wrong, and not by
    /// the same. A sum of a month lies in one partition, so all of its minutes are there, or none.
    private static final List<String> FORGET_SUMS = forEachSum("""
            delete from banner_{sum} as counted
            using unnest(?, ?, ?) as mended (banner_id, minute, clicks)
            where counted.banner_id = mended.banner_id
                and counted.{sum} = date_trunc('{sum}', to_timestamp(mended.minute * 60), 'UTC')""");

    private static final List<String> SUM_UP_ANEW = forEachSum("""
            insert into banner_{sum} (banner_id, {sum}, clicks)
            select banner_id, since, sum(clicks)
            from (select distinct banner_id, date_trunc('{sum}', to_timestamp(minute * 60), 'UTC') as since
                  from unnest(?, ?, ?) as mended (banner_id, minute, clicks)) as mended
            join banner_minute as counted using (banner_id)
            where minute >= since and minute < (since at time zone 'UTC' + interval '1 {sum}') at time zone 'UTC'
                and minute < (select rolled_until from roll_up)
            group by 1, 2 order by 1, 2""");

    private static final List<String> FORGET_TOTALS = forEachTotal("""
            delete from total_{sum} as counted
            using unnest(?, ?, ?) as mended (banner_id, minute, clicks)
            where counted.{sum} = date_trunc('{sum}', to_timestamp(mended.minute * 60), 'UTC')""");

    private static final List<String> TOTAL_ANEW = forEachTotal("""
            insert into total_{sum} ({sum}, clicks)
            select {sum}, sum(clicks) from banner_{sum}
            where {sum} in (
                select date_trunc('{sum}', to_timestamp(minute * 60), 'UTC')
                from unnest(?, ?, ?) as mended (banner_id, minute, clicks))
            group by 1 order by 1""");

    private static final String MINUTES_SINCE = "select extract(epoch from minutes_since)::bigint / 60 from roll_up";

    /// `repair` as a number: whoever mends counts holds this advisory lock.
    private static final long REPAIR_LOCK = 0x72_65_70_61_69_72L;

    /// Rows that are fetched at once when many are read.
    private static final int FETCH_ROWS = 10_000;

    private final Database database;
    private final UUID logId;

    /// Months that have a partition. After a failure it may be another database, so nothing is known then.
    private final Set<YearMonth> knownMonths = ConcurrentHashMap.newKeySet();

    private volatile long newestMinute = -1;

    /// @param rolledUntil the minutes before it are summed up
    /// @param minutesSince the minutes before it were dropped
    private record Marks(long rolledUntil, long minutesSince) {}

    CountStore(Database database, UUID logId) {
        this.database = database;
        this.logId = logId;
    }

    /// The tables of the sums are called `banner_hour` and so on, their time `hour`.
    private static List<String> forEachSum(String sql) {
        return Stream.of("hour", "day", "month")
                .map(sum -> sql.replace("{sum}", sum))
                .toList();
    }

    private static List<String> forEachTotal(String sql) {
        return Stream.of("minute", "hour", "day", "month")
                .map(sum -> sql.replace("{sum}", sum))
                .toList();
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

    /// Whether it is known which logs the counts are of: true when there are none, too.
    boolean knowsWhoHasCounted() throws SQLException {
        try (Connection connection = database.connection();
                var statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select exists (select from click_log) or not exists (select from banner_minute)")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /// What the database knows at this moment; the caller closes it soon.
    Snapshot snapshot() throws SQLException {
        return new Snapshot(database.connection());
    }

    /// One moment of the database: all of its answers are of the same transactions.
    ///
    /// **Threads**: one.
    final class Snapshot implements AutoCloseable {
        private final Connection connection;
        private final Map<UUID, Long> positions = new TreeMap<>();

        private Snapshot(Connection connection) throws SQLException {
            this.connection = connection;
            try {
                connection.setReadOnly(true);
                connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                connection.setAutoCommit(false);
                withoutTimeouts(connection);
                try (var statement = connection.createStatement();
                        ResultSet rows = statement.executeQuery(ALL_POSITIONS)) {
                    while (rows.next()) {
                        positions.put(rows.getObject(1, UUID.class), rows.getLong(2));
                    }
                }
            } catch (SQLException failure) {
                close();
                throw failure;
            }
        }

        /// How far this log is counted, or [ClickReader#START].
        long position() {
            return positions.getOrDefault(logId, ClickReader.START);
        }

        /// The first minute that is kept; of earlier ones there are only sums.
        long minutesSince() throws SQLException {
            try (var statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(MINUTES_SINCE)) {
                row.next();
                return row.getLong(1);
            }
        }

        /// The other logs that are counted to `index` or beyond, in the place where it would be in theirs.
        List<UUID> otherLogsSince(long index) {
            return positions.entrySet().stream()
                    .filter(log -> !log.getKey().equals(logId) && log.getValue() >= index)
                    .map(Map.Entry::getKey)
                    .toList();
        }

        /// Passes on all counts of these minutes, in any order.
        void forEachCount(long fromMinute, long toMinute, AuditedCounts.Sink sink) throws SQLException {
            try (PreparedStatement select = connection.prepareStatement(COUNTS)) {
                select.setFetchSize(FETCH_ROWS);
                select.setLong(1, fromMinute);
                select.setLong(2, toMinute);
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        sink.count(rows.getLong(1), rows.getLong(2), rows.getLong(3));
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

    /// Keeps everybody else from mending counts until it is closed.
    ///
    /// **Errors**: [StartFailure] when somebody does.
    RepairLock lockForRepair() throws SQLException {
        Connection connection = database.connection();
        try (var statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_try_advisory_lock(%d)".formatted(REPAIR_LOCK))) {
            row.next();
            if (row.getBoolean(1)) {
                return new RepairLock(connection);
            }
        } catch (SQLException failure) {
            connection.close();
            throw failure;
        }
        connection.close();
        throw new StartFailure("Counts are being mended by another ./run.sh audit --repair: wait until it has ended.");
    }

    /// The right to mend counts.
    record RepairLock(Connection connection) implements AutoCloseable {
        @Override
        public void close() throws SQLException {
            try (connection;
                    var statement = connection.createStatement()) {
                statement.execute("select pg_advisory_unlock(%d)".formatted(REPAIR_LOCK));
            }
        }
    }

    /// Adds clicks that are missing to the counts and, where they are negative, takes surplus ones away, all in
    /// one transaction. The aggregators go on: a flush of this log waits meanwhile, and what it adds is not
    /// touched. Returns false, and changes nothing, when the database has not counted the log up to `position`.
    boolean correct(long position, Counts missing) throws SQLException {
        try (Connection connection = database.connection()) {
            for (YearMonth month : missing.months()) {
                addPartition(connection, month);
            }
            connection.setAutoCommit(false);
            try {
                withoutTimeouts(connection);
                if (lockPosition(connection) < position) {
                    connection.rollback();
                    return false;
                }
                Counts rolledUp = missing.before(marks(connection, "update").rolledUntil);
                add(connection, DELETE_ALL_OF_IT, missing);
                add(connection, TAKE_AWAY, missing);
                add(connection, ADD, missing.positive());
                for (int sum = 0; sum < SUM_UP_ANEW.size(); sum++) {
                    add(connection, FORGET_SUMS.get(sum), rolledUp);
                    add(connection, SUM_UP_ANEW.get(sum), rolledUp);
                }
                for (int total = 0; total < TOTAL_ANEW.size(); total++) {
                    add(connection, FORGET_TOTALS.get(total), rolledUp);
                    add(connection, TOTAL_ANEW.get(total), rolledUp);
                }
                connection.commit();
                return true;
            } catch (SQLException failure) {
                connection.rollback();
                throw failure;
            }
        }
    }

    private long lockPosition(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LOCK_POSITION)) {
            statement.setObject(1, logId);
            try (ResultSet row = statement.executeQuery()) {
                long index = row.next() ? row.getLong(1) : ClickReader.START;
                return row.wasNull() ? ClickReader.START : index;
            }
        }
    }

    /// For transactions that may take as long as they need.
    private static void withoutTimeouts(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0");
        }
    }

    /// Adds the counts and moves the log on from `before` to `newLastIndex`. Returns false, and changes
    /// nothing, when the log does not stand at `before`.
    ///
    /// **Errors**: after an [SQLException] the outcome is unknown when the connection was lost during the
    /// commit: [#position] tells it.
    boolean flush(LogPosition before, long newLastIndex, Counts counts) throws SQLException {
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
        add(connection, ADD, counts.from(marks.minutesSince));
        Counts late = counts.before(marks.rolledUntil);
        for (String addToSum : ADD_TO_SUMS) {
            add(connection, addToSum, late);
        }
        for (String addToTotal : ADD_TO_TOTALS) {
            add(connection, addToTotal, late);
        }
    }

    private static void add(Connection connection, String sql, Counts counts) throws SQLException {
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
    long rollUp(long closedMinute, long mostMinutes, Duration timeout) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("set local statement_timeout = " + timeout.toMillis());
            }
            long mark = marks(connection, "update").rolledUntil;
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
    private static Marks marks(Connection connection, String lock) throws SQLException {
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
    void addPartitions(List<YearMonth> months) throws SQLException {
        try (Connection connection = database.connection()) {
            for (YearMonth month : months) {
                addPartition(connection, month);
            }
        }
    }

    private void addPartition(Connection connection, YearMonth month) throws SQLException {
        if (knownMonths.contains(month)) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement("select add_minute_partition(?)")) {
            statement.setObject(1, month.atDay(1).atStartOfDay().atOffset(ZoneOffset.UTC));
            statement.execute();
        }
        knownMonths.add(month);
    }

    /// Drops the minutes of the months that ended before `time` and are summed up. Returns how many months.
    int dropPartitions(Instant time) throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement statement = connection.prepareStatement("select drop_minute_partitions(?)")) {
            statement.setObject(1, time.atOffset(ZoneOffset.UTC));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    /// The latest minute of all that were flushed, or -1 before the first.
    long newestMinute() {
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
