package clickcounter.counts;

import clickcounter.migrations.Database;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.YearMonth;
import java.util.UUID;

/// The right to mend counts, which one has at a time, and how they are mended: while the aggregators go on.
///
/// **Threads**: one.
public final class CountRepair implements AutoCloseable {
    private static final String LOCK_POSITION = "select last_index from click_log where log_id = ? for update";

    /// What must be taken away is taken away first, so that a count that is wrong in both directions at
    /// once cannot be.
    private static final String DELETE_ALL_OF_IT = """
            delete from banner_{unit} as counted
            using unnest(?, ?, ?) as missing (banner_id, minute, clicks)
            where counted.banner_id = missing.banner_id and counted.{unit} = to_timestamp(missing.minute * 60)
                and counted.clicks + missing.clicks <= 0""";

    private static final String TAKE_AWAY = """
            update banner_{unit} as counted set clicks = counted.clicks + missing.clicks
            from unnest(?, ?, ?) as missing (banner_id, minute, clicks)
            where counted.banner_id = missing.banner_id and counted.{unit} = to_timestamp(missing.minute * 60)
                and missing.clicks < 0""";

    private static final String ADD = """
            insert into banner_{unit} as counted (banner_id, {unit}, clicks)
            select banner_id, to_timestamp(minute * 60), clicks
            from unnest(?, ?, ?) as missing (banner_id, minute, clicks)
            order by banner_id, minute
            on conflict (banner_id, {unit}) do update set clicks = counted.clicks + excluded.clicks""";

    /// Of the months that these counts are in, for the banners that they are of.
    private static final String FORGET_SUMS = """
            delete from banner_{unit} as counted
            using (select distinct banner_id, date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                   from unnest(?, ?, ?) as mended (banner_id, minute, clicks)) as mended
            where counted.banner_id = mended.banner_id and counted.{unit} >= since
                and counted.{unit} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'""";

    private static final String SUM_UP_ANEW = """
            insert into banner_{unit} (banner_id, {unit}, clicks)
            select banner_id, date_trunc('{unit}', {part}, 'UTC'), sum(clicks)
            from (select distinct banner_id, date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                  from unnest(?, ?, ?) as mended (banner_id, minute, clicks)) as mended
            join banner_{part} as counted using (banner_id)
            where {part} >= since and {part} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'
                and {part} < (select rolled_until from roll_up)
            group by 1, 2 order by 1, 2""";

    /// Of the months that these counts are in, for all banners together.
    private static final String FORGET_TOTALS = """
            delete from total_{unit} as counted
            using (select distinct date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                   from unnest(?, ?, ?) as mended (banner_id, minute, clicks)) as mended
            where counted.{unit} >= since
                and counted.{unit} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'""";

    private static final String TOTAL_ANEW = """
            insert into total_{unit} ({unit}, clicks)
            select {unit}, sum(clicks)
            from (select distinct date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                  from unnest(?, ?, ?) as mended (banner_id, minute, clicks)) as mended
            join banner_{unit} as counted
                on {unit} >= since and {unit} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'
            where {unit} < (select rolled_until from roll_up)
            group by 1 order by 1""";

    /// `repair` as a number: whoever mends counts holds this advisory lock.
    private static final long REPAIR_LOCK = 0x72_65_70_61_69_72L;

    private final Connection lock;
    private final Database database;
    private final UUID logId;
    private final CountStore store;

    private CountRepair(Connection lock, Database database, UUID logId, CountStore store) {
        this.lock = lock;
        this.database = database;
        this.logId = logId;
        this.store = store;
    }

    static CountRepair start(Database database, UUID logId, CountStore store) throws SQLException {
        Connection connection = database.connection();
        try (var statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_try_advisory_lock(%d)".formatted(REPAIR_LOCK))) {
            row.next();
            if (row.getBoolean(1)) {
                return new CountRepair(connection, database, logId, store);
            }
        } catch (SQLException failure) {
            connection.close();
            throw failure;
        }
        connection.close();
        throw new StartFailure("Counts are being mended by another ./run.sh audit --repair: wait until it has ended.");
    }

    @Override
    public void close() throws SQLException {
        try (lock;
                var statement = lock.createStatement()) {
            statement.execute("select pg_advisory_unlock(%d)".formatted(REPAIR_LOCK));
        }
    }

    /// Adds clicks that are missing to the counts and, where they are negative, takes surplus ones away,
    /// all in one transaction. The aggregators go on: a flush of this log waits meanwhile, and what it adds
    /// is not touched. The sums that the counts belong to are made anew.
    ///
    /// **Errors**: [StartFailure], with nothing changed, when the database has not counted the log up to
    /// `position`, or when the minutes have been dropped meanwhile.
    ///
    /// @param unit [Unit#HOUR] for minutes that were dropped
    public void correct(long position, Unit unit, Counts missing) throws SQLException {
        if (unit == Unit.MINUTE) {
            for (YearMonth month : missing.months()) {
                store.addPartition(lock, month);
            }
        }
        inTransaction(connection -> {
            if (lockPosition(connection) < position) {
                throw new StartFailure(
                        "Nothing was mended: the database was restored to an older state meanwhile. Start the audit again.");
            }
            Marks marks = CountStore.marks(connection, "update");
            if (unit == Unit.MINUTE) {
                requireKept(missing, marks);
            }
            CountStore.add(connection, unit.in(DELETE_ALL_OF_IT), missing);
            CountStore.add(connection, unit.in(TAKE_AWAY), missing);
            CountStore.add(connection, unit.in(ADD), missing.positive());
            sumUpAnew(connection, unit, missing.before(marks.rolledUntil()));
        });
    }

    /// Makes the sums anew from the minutes, or from the hours where minutes were dropped: all sums of the
    /// months that these are in, for the banners that they are of, in one transaction.
    ///
    /// **Errors**: [StartFailure], with nothing changed, when the minutes have been dropped meanwhile.
    public void sumUpAnew(Unit lowest, Counts wrong) throws SQLException {
        inTransaction(connection -> {
            Marks marks = CountStore.marks(connection, "update");
            if (lowest == Unit.MINUTE) {
                requireKept(wrong, marks);
            }
            sumUpAnew(connection, lowest, wrong);
        });
    }

    /// All sums from the lowest unit: those in between may have been wrong, too, and not by the same. A
    /// month lies in one partition, so all of its minutes are there, or none. Then those of all banners together.
    private static void sumUpAnew(Connection connection, Unit lowest, Counts mended) throws SQLException {
        for (Unit sum : Unit.SUMS) {
            if (sum.compareTo(lowest) > 0) {
                CountStore.add(connection, sum.in(FORGET_SUMS), mended);
                CountStore.add(connection, sum.in(SUM_UP_ANEW).replace("{part}", lowest.word()), mended);
            }
        }
        for (Unit unit : Unit.values()) {
            if (unit.compareTo(lowest) >= 0) {
                CountStore.add(connection, unit.in(FORGET_TOTALS), mended);
                CountStore.add(connection, unit.in(TOTAL_ANEW), mended);
            }
        }
    }

    private static void requireKept(Counts counts, Marks marks) {
        if (counts.before(marks.minutesSince()).size() > 0) {
            throw new StartFailure(
                    "Nothing was mended: minutes of the range were dropped meanwhile (STATS_RETENTION_MINUTES). Start the audit again.");
        }
    }

    /// What is to be done with a connection.
    @FunctionalInterface
    private interface Work {
        void run(Connection connection) throws SQLException;
    }

    private void inTransaction(Work work) throws SQLException {
        try (Connection connection = database.connection()) {
            connection.setAutoCommit(false);
            try {
                CountStore.withoutTimeouts(connection);
                work.run(connection);
                connection.commit();
            } catch (SQLException | StartFailure failure) {
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
}
