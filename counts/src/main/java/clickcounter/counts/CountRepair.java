package clickcounter.counts;

import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.YearMonth;

/// Repairs counts while the aggregators go on. One process at a time may do so: an open object of this class is
/// the right to it.
///
/// Each call is one transaction, in which flushes of the log and the roll-up wait; it has no timeouts.
///
/// **Threads**: one.
///
/// **Errors**: after an [SQLException] or a [StartFailure] nothing has changed.
public final class CountRepair implements AutoCloseable {
    /// `repair` in ASCII: the advisory lock that a process holds while it repairs counts.
    private static final long REPAIR_LOCK = 0x72_65_70_61_69_72L;

    /// Has the advisory lock.
    private final Connection connection;

    private final CountStore store;

    private CountRepair(Connection connection, CountStore store) {
        this.connection = connection;
        this.store = store;
    }

    /// @param connection closed with the repair
    static CountRepair start(Connection connection, CountStore store) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet row = statement.executeQuery("select pg_try_advisory_lock(%d)".formatted(REPAIR_LOCK));
            row.next();
            if (row.getBoolean(1)) {
                return new CountRepair(connection, store);
            }
            throw new StartFailure(
                    "Another ./run.sh audit --repair is repairing counts. Wait until it has ended, then start again.");
        } catch (SQLException | StartFailure failure) {
            connection.close();
            throw failure;
        }
    }

    /// Lets another process repair counts.
    @Override
    public void close() throws SQLException {
        try (connection;
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_advisory_unlock(%d)".formatted(REPAIR_LOCK));
        }
    }

    /// Adds missing clicks to the counts, takes away surplus clicks, which are negative, and recomputes the sums
    /// of these counts. The aggregators go on: a flush of this log waits, and the clicks that it adds are not
    /// touched.
    ///
    /// **Errors**: [StartFailure] when the database has not counted the log up to `position` any more, or when
    /// the minutes have been dropped in the meantime.
    ///
    /// @param position the position that the counts were compared at
    /// @param unit the unit of `missing`: [Unit#MINUTE], or [Unit#HOUR] where minutes were dropped
    public void correct(long position, Unit unit, Counts missing) throws SQLException {
        if (unit == Unit.MINUTE) {
            for (YearMonth month : missing.months()) {
                store.addPartition(connection, month);
            }
        }
        inTransaction(() -> {
            if (lockedPosition() < position) {
                throw new StartFailure(
                        "Nothing was repaired: the database was restored to an older state in the meantime. Start the audit again.");
            }
            Marks marks = Marks.select(connection, "for update");
            requireKept(unit, missing, marks);
            // Surplus clicks are taken away first. A count that would be 0 then is deleted.
            missing.execute(connection, unit.in("""
                    delete from banner_{unit} as counted
                    using unnest(?, ?, ?) as missing (banner_id, minute, clicks)
                    where counted.banner_id = missing.banner_id and counted.{unit} = to_timestamp(missing.minute * 60)
                        and counted.clicks + missing.clicks <= 0"""));
            missing.execute(connection, unit.in("""
                    update banner_{unit} as counted set clicks = counted.clicks + missing.clicks
                    from unnest(?, ?, ?) as missing (banner_id, minute, clicks)
                    where counted.banner_id = missing.banner_id and counted.{unit} = to_timestamp(missing.minute * 60)
                        and missing.clicks < 0"""));
            missing.positive().execute(connection, unit.in("""
                    insert into banner_{unit} as counted (banner_id, {unit}, clicks)
                    select banner_id, to_timestamp(minute * 60), clicks
                    from unnest(?, ?, ?) as missing (banner_id, minute, clicks)
                    order by banner_id, minute
                    on conflict (banner_id, {unit}) do update set clicks = counted.clicks + excluded.clicks"""));
            recompute(unit, missing.before(marks.rolledUntil()));
        });
    }

    /// Recomputes the sums by hour, day and month of the banners and months that occur in `wrong`, and the totals
    /// of these months.
    ///
    /// **Errors**: [StartFailure] when the minutes have been dropped in the meantime.
    ///
    /// @param lowest what the sums are computed from: [Unit#MINUTE], or [Unit#HOUR] where minutes were dropped
    public void sumUpAnew(Unit lowest, Counts wrong) throws SQLException {
        inTransaction(() -> {
            requireKept(lowest, wrong, Marks.select(connection, "for update"));
            recompute(lowest, wrong);
        });
    }

    /// All sums are computed from the lowest unit, because those of the units in between may have been wrong,
    /// too, and by other amounts. A month lies in one partition, so either all of its minutes are there, or none.
    private void recompute(Unit lowest, Counts wrong) throws SQLException {
        for (Unit unit : Unit.values()) {
            if (unit.compareTo(lowest) > 0) {
                wrong.execute(connection, unit.in("""
                        delete from banner_{unit} as counted
                        using (select distinct banner_id, date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                               from unnest(?, ?, ?) as wrong (banner_id, minute, clicks)) as wrong
                        where counted.banner_id = wrong.banner_id and counted.{unit} >= since
                            and counted.{unit} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'"""));
                wrong.execute(connection, unit.in("""
                        insert into banner_{unit} (banner_id, {unit}, clicks)
                        select banner_id, date_trunc('{unit}', {part}, 'UTC'), sum(clicks)
                        from (select distinct banner_id, date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                              from unnest(?, ?, ?) as wrong (banner_id, minute, clicks)) as wrong
                        join banner_{part} as counted using (banner_id)
                        where {part} >= since
                            and {part} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'
                            and {part} < (select rolled_until from roll_up)
                        group by 1, 2 order by 1, 2""").replace("{part}", lowest.word()));
            }
            if (unit.compareTo(lowest) >= 0) {
                wrong.execute(connection, unit.in("""
                        delete from total_{unit} as counted
                        using (select distinct date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                               from unnest(?, ?, ?) as wrong (banner_id, minute, clicks)) as wrong
                        where counted.{unit} >= since
                            and counted.{unit} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'"""));
                wrong.execute(connection, unit.in("""
                        insert into total_{unit} ({unit}, clicks)
                        select {unit}, sum(clicks)
                        from (select distinct date_trunc('month', to_timestamp(minute * 60), 'UTC') as since
                              from unnest(?, ?, ?) as wrong (banner_id, minute, clicks)) as wrong
                        join banner_{unit} as counted on {unit} >= since
                            and {unit} < (since at time zone 'UTC' + interval '1 month') at time zone 'UTC'
                        where {unit} < (select rolled_until from roll_up)
                        group by 1 order by 1"""));
            }
        }
    }

    private static void requireKept(Unit unit, Counts counts, Marks marks) {
        if (unit == Unit.MINUTE && counts.before(marks.minutesSince()).size() > 0) {
            throw new StartFailure(
                    "Nothing was repaired: minutes of the range were dropped in the meantime (STATS_RETENTION_MINUTES). Start the audit again.");
        }
    }

    /// What a transaction does.
    @FunctionalInterface
    private interface Work {
        void run() throws SQLException;
    }

    private void inTransaction(Work work) throws SQLException {
        connection.setAutoCommit(false);
        try {
            CountStore.withoutTimeouts(connection);
            work.run();
            connection.commit();
        } catch (SQLException | RuntimeException failure) {
            connection.rollback();
            throw failure;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private long lockedPosition() throws SQLException {
        return store.position(connection, "for update")
                .map(LogPosition::lastIndex)
                .orElse(ClickReader.START);
    }
}
