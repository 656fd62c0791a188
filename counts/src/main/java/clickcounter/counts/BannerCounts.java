package clickcounter.counts;

import clickcounter.counts.Period.Steps;
import clickcounter.counts.SumPlan.Part;
import clickcounter.counts.SumPlan.Range;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseProbe;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.log.ClickReader;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Reads counts for answers, together with the position in the log that they belong to.
///
/// Each read is one statement, so that counts, position and marks are of the same moment. Which tables to read
/// depends on the marks. A read is planned with the marks that were seen last; if the mark has moved in the
/// meantime, the statement returns no counts, and the read is planned again.
///
/// **Threads**: any.
///
/// **Errors**: [SQLException] whenever the database does not answer. The callers that notice first that it is
/// away wait up to [Database#ACQUIRE_TIMEOUT] for a connection. As soon as a call of [#position()] has failed,
/// which is expected every second, all callers fail at once until one has succeeded. A caller also fails at once
/// when too many others wait.
public final class BannerCounts {
    /// How many callers may wait for a connection while all connections are in use: at most as many as can be
    /// served in a few seconds.
    public static final int MAX_WAITING = 1_000;

    /// How often a read is planned again because the mark has moved, which it does once in several seconds or
    /// minutes.
    private static final int MAX_ATTEMPTS = 20;

    private static final int BYTES_PER_COUNT = 2 * Long.BYTES;

    /// PostgreSQL sends times as microseconds since 2000.
    private static final long MICROS_PER_MINUTE = 60_000_000;

    private static final long MINUTE_OF_2000 = 946_684_800 / EpochMinute.SECONDS_PER_MINUTE;

    private final Database database;
    private final DatabaseProbe probe;
    private final UUID logId;
    private final Semaphore places;
    private volatile boolean isAway;
    private volatile long lastReadNs = System.nanoTime();
    private volatile Marks marks = Marks.NONE;

    /// @param probe asks the same database for [#position]
    /// @param poolSize how many connections `database` has
    public BannerCounts(Database database, DatabaseProbe probe, int poolSize, UUID logId) {
        this.database = database;
        this.probe = probe;
        this.logId = logId;
        this.places = new Semaphore(poolSize + MAX_WAITING);
    }

    /// What the database held at one moment.
    ///
    /// @param position index of the last click that is counted, or [ClickReader#START]
    /// @param plan what was read
    public record Snapshot<T>(long position, Marks marks, SumPlan plan, T counts) {}

    /// The counts that a plan needs, by unit and banner; the totals of all banners have the id
    /// [CountSnapshot#ALL_BANNERS].
    public record Rows(Map<Unit, Map<Long, MinuteCounts>> byUnit) {
        /// The counts of one banner by unit.
        public Map<Unit, MinuteCounts> of(long bannerId) {
            Map<Unit, MinuteCounts> rows = new EnumMap<>(Unit.class);
            byUnit.forEach((unit, byBanner) -> rows.put(unit, byBanner.getOrDefault(bannerId, MinuteCounts.NONE)));
            return rows;
        }

        /// How many rows the unit with the most rows has.
        public long size() {
            return byUnit.values().stream()
                    .mapToLong(byBanner -> byBanner.values().stream()
                            .mapToLong(MinuteCounts::size)
                            .sum())
                    .max()
                    .orElse(0);
        }
    }

    /// Clicks in one period, by banner.
    ///
    /// @param banners how many banners have clicks
    /// @param clicks of all banners
    /// @param found the clicks of the busiest banners and of those that were named
    public record Sums(long banners, long clicks, ClickTable found) {}

    /// Returns the position of the log up to which clicks are counted, and remembers the marks.
    public long position() throws SQLException {
        long beginNs = System.nanoTime();
        try {
            long position = probe.ask(this::position);
            isAway = false;
            return position;
        } catch (SQLException failure) {
            // Another question may have been answered since the database came back.
            isAway = lastReadNs - beginNs < 0;
            throw failure;
        }
    }

    private long position(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select (select last_index from click_log where log_id = ?),
                    extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60
                from roll_up""")) {
            select.setObject(1, logId);
            ResultSet row = select.executeQuery();
            row.next();
            long position = position(row, 1);
            marks = Marks.read(row, 2);
            return position;
        }
    }

    /// Returns how many ranges [#rows] would look up at most, for all banners together. Where the steps of a zone
    /// do not begin with units of UTC, there is at least one for each step.
    public long maxLookups(long[] bannerIds, Steps steps, Step step) {
        return (long) Math.max(1, bannerIds.length)
                * SumPlan.of(steps, step, marks).maxRanges();
    }

    /// Throws if the database is known to be away.
    public void requireAnswers() throws SQLTransientConnectionException {
        if (isAway) {
            throw new SQLTransientConnectionException("the database did not answer when it was asked last");
        }
    }

    /// Reads what a plan needs, in one statement.
    @FunctionalInterface
    private interface Reading<T> {
        Snapshot<T> read(Connection connection, SumPlan plan) throws SQLException;
    }

    /// Plans and reads until the mark is the one that was expected.
    private <T> Snapshot<T> read(Steps steps, Step step, Reading<T> reading) throws SQLException {
        takePlace();
        try {
            return database.ask(connection -> read(connection, steps, step, reading));
        } finally {
            places.release();
        }
    }

    private <T> Snapshot<T> read(Connection connection, Steps steps, Step step, Reading<T> reading)
            throws SQLException {
        try (var _ = Cancellation.asks(connection)) {
            for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
                SumPlan plan = SumPlan.of(steps, step, marks);
                Snapshot<T> snapshot = reading.read(connection, plan);
                lastReadNs = System.nanoTime();
                marks = snapshot.marks();
                if (isStillRight(plan, snapshot.marks())) {
                    return snapshot;
                }
            }
            throw new SQLTransientConnectionException("minutes are summed up faster than they can be read");
        }
    }

    /// Reads the counts of some banners that are needed for `steps`, or those of all banners together when no
    /// banner is given. If a unit has more than `maxRows` rows, they are cut off after one more.
    public Snapshot<Rows> rows(long[] bannerIds, Steps steps, Step step, int maxRows) throws SQLException {
        return read(steps, step, (connection, plan) -> rows(connection, plan, bannerIds, maxRows));
    }

    private Snapshot<Rows> rows(Connection connection, SumPlan plan, long[] bannerIds, int maxRows)
            throws SQLException {
        Map<Unit, List<Range>> ranges = plan.ranges();
        List<String> statements = new ArrayList<>();
        ranges.forEach((unit, ofUnit) -> statements.add(rowsSql(unit, ofUnit, bannerIds, plan)));
        String sql = String.join("\nunion all\n", statements);
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            int at = 1;
            for (List<Range> ofUnit : ranges.values()) {
                select.setObject(at++, logId);
                if (isOneRange(bannerIds, ofUnit)) {
                    select.setLong(at++, bannerIds[0]);
                    select.setLong(at++, ofUnit.getFirst().from());
                    select.setLong(at++, ofUnit.getFirst().to());
                } else {
                    if (bannerIds.length > 0) {
                        select.setObject(at++, bannerIds);
                    }
                    select.setObject(
                            at++, ofUnit.stream().mapToLong(Range::from).toArray());
                    select.setObject(at++, ofUnit.stream().mapToLong(Range::to).toArray());
                }
                select.setLong(at++, plan.rolledUntil());
                select.setBoolean(at++, plan.dependsOnMark());
                select.setLong(at++, maxRows + 1L);
            }
            ResultSet row = select.executeQuery();
            Map<Unit, Map<Long, MinuteCounts>> byUnit = new EnumMap<>(Unit.class);
            long position = ClickReader.START;
            Marks found = Marks.NONE;
            while (row.next()) {
                Unit unit = Unit.valueOf(row.getString(1).toUpperCase(Locale.ROOT));
                position = position(row, 2);
                found = Marks.read(row, 3);
                boolean isOneRange = isOneRange(bannerIds, ranges.getOrDefault(unit, List.of()));
                byUnit.put(unit, decode(row.getBytes(5), bannerIds, isOneRange));
            }
            return new Snapshot<>(position, found, plan, new Rows(byUnit));
        }
    }

    private static boolean isOneRange(long[] bannerIds, List<Range> ranges) {
        return bannerIds.length == 1 && ranges.size() == 1;
    }

    /// Returns the statement that reads one unit. All rows come as one value of 24 bytes each: banner, start and
    /// clicks; the banner is left out when there is only one. Separate rows would cost the driver ten times the
    /// memory, and an answer may hold a year of minutes.
    private static String rowsSql(Unit unit, List<Range> ranges, long[] bannerIds, SumPlan plan) {
        // Nearly all questions are about one banner and one range: the rows come out of the index in their order
        // and are not looked at again, which halves the cost.
        if (isOneRange(bannerIds, ranges)) {
            return unit.in("""
                    select '{unit}', (select last_index from click_log where log_id = ?),
                        extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60,
                        (select string_agg(timestamptz_send({unit}) || int8send(clicks), '' order by {unit})
                         from (
                            select {unit}, clicks from banner_{unit}
                            where banner_id = ?
                                and {unit} >= to_timestamp(?::bigint * 60) and {unit} < to_timestamp(?::bigint * 60)
                                and (rolled_until = to_timestamp(?::bigint * 60) or not ?)
                            order by {unit}
                            limit ?) found)
                    from roll_up""");
        }
        // "offset 0" keeps the planner from pulling the inner select up: it would then compare each row of a
        // banner with each range.
        if (bannerIds.length > 0) {
            return unit.in("""
                    select '{unit}', (select last_index from click_log where log_id = ?),
                        extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60,
                        (select string_agg(int8send(banner_id) || timestamptz_send({unit}) || int8send(clicks), ''
                                           order by banner_id, {unit})
                         from (
                            select asked.banner_id, {unit}, clicks
                            from unnest(?) asked (banner_id), unnest(?, ?) span (from_minute, to_minute), lateral (
                                select {unit}, clicks from banner_{unit}
                                where banner_id = asked.banner_id
                                    and {unit} >= to_timestamp(from_minute * 60) and {unit} < to_timestamp(to_minute * 60)
                                offset 0
                            ) counted
                            where rolled_until = to_timestamp(?::bigint * 60) or not ?
                            limit ?) found)
                    from roll_up""");
        }
        // The totals by minute end at the mark; later minutes are added up from those of the banners. The times
        // are literals, because the planner could not know otherwise how few minutes these are.
        String notRolled = unit != Unit.MINUTE
                ? ""
                : """
                        union all
                        select minute, sum_clicks(clicks) as clicks from banner_minute
                        where minute >= to_timestamp({from}::bigint * 60) and minute < to_timestamp({to}::bigint * 60)
                            and minute >= (select rolled_until from roll_up)
                        group by minute""".replace("{from}", Long.toString(plan.notRolled().from()))
                        .replace("{to}", Long.toString(plan.notRolled().to()));
        return unit.in("""
                select '{unit}', (select last_index from click_log where log_id = ?),
                    extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60,
                    (select string_agg(timestamptz_send({unit}) || int8send(clicks), '' order by {unit})
                     from (
                        select {unit}, clicks
                        from unnest(?, ?) span (from_minute, to_minute), lateral (
                            select {unit}, clicks from total_{unit}
                            where {unit} >= to_timestamp(from_minute * 60) and {unit} < to_timestamp(to_minute * 60)
                            offset 0
                        ) counted
                        where rolled_until = to_timestamp(?::bigint * 60) or not ?
                        {not_rolled}
                        limit ?) found)
                from roll_up""").replace("{not_rolled}", notRolled);
    }

    /// @param isOneRange whether the rows are of the only banner and have no id
    private static Map<Long, MinuteCounts> decode(byte @Nullable [] rows, long[] bannerIds, boolean isOneRange) {
        if (rows == null) {
            return Map.of();
        }
        var buffer = ByteBuffer.wrap(rows);
        if (isOneRange || bannerIds.length == 0) {
            long bannerId = isOneRange ? bannerIds[0] : CountSnapshot.ALL_BANNERS;
            return Map.of(bannerId, decode(buffer, 0, rows.length / BYTES_PER_COUNT, BYTES_PER_COUNT));
        }
        Map<Long, MinuteCounts> byBanner = new HashMap<>();
        int bytesPerRow = Long.BYTES + BYTES_PER_COUNT;
        int size = rows.length / bytesPerRow;
        int at = 0;
        while (at < size) {
            long bannerId = buffer.getLong(at * bytesPerRow);
            int end = at;
            while (end < size && buffer.getLong(end * bytesPerRow) == bannerId) {
                end++;
            }
            byBanner.put(bannerId, decode(buffer, at * bytesPerRow + Long.BYTES, end - at, bytesPerRow));
            at = end;
        }
        return byBanner;
    }

    /// @param start offset of the first count
    /// @param stride distance from one count to the next
    private static MinuteCounts decode(ByteBuffer buffer, int start, int count, int stride) {
        long[] minutes = new long[count];
        long[] clicks = new long[count];
        for (int to = 0, at = start; to < count; to++, at += stride) {
            minutes[to] = buffer.getLong(at) / MICROS_PER_MINUTE + MINUTE_OF_2000;
            clicks[to] = buffer.getLong(at + Long.BYTES);
        }
        return new MinuteCounts(minutes, clicks);
    }

    /// Reads how many clicks each banner has in the only step of `steps`, and returns the clicks of some banners.
    ///
    /// @param busiest how many of the busiest banners to return
    /// @param named banners to return as well
    public Snapshot<Sums> sums(int busiest, long[] named, Steps steps) throws SQLException {
        return read(steps, Step.TOTAL, (connection, plan) -> sums(connection, plan, busiest, named));
    }

    private Snapshot<Sums> sums(Connection connection, SumPlan plan, int busiest, long[] named) throws SQLException {
        // The settings end with the transaction, which the pool rolls back. The planner does not know how many
        // banners there are, and would sort; a hash table of all banners takes less time, and fits into this
        // memory. Compiling the statement would take longer than running it.
        connection.setAutoCommit(false);
        try (Statement settings = connection.createStatement();
                PreparedStatement select = connection.prepareStatement(sumsSql(plan, named))) {
            settings.execute("""
                    set local work_mem = '64MB';
                    set local enable_sort = off;
                    set local enable_gathermerge = off;
                    set local jit = off""");
            select.setObject(1, logId);
            select.setInt(2, busiest);
            select.setObject(3, named);
            ResultSet row = select.executeQuery();
            row.next();
            var clicks = new ClickTable();
            decode(row.getBytes(6), clicks);
            decode(row.getBytes(7), clicks);
            var sums = new Sums(row.getLong(4), row.getLong(5), clicks);
            return new Snapshot<>(position(row, 1), Marks.read(row, 2), plan, sums);
        }
    }

    /// Returns the statement that adds up the parts of `plan`. Banners come as 16 bytes each: id and clicks. The
    /// times are literals, so that the planner knows how much there is to read; so is whether any banner is
    /// named.
    private static String sumsSql(SumPlan plan, long[] named) {
        List<String> parts = new ArrayList<>();
        for (Part part : plan.parts()) {
            String sql = """
                    select banner_id, {sign}clicks as clicks from banner_{unit}
                    where {unit} >= to_timestamp({from}::bigint * 60) and {unit} < to_timestamp({to}::bigint * 60)
                        and ({any_mark} or to_timestamp({mark}::bigint * 60) = (select rolled_until from roll_up))""";
            parts.add(part.unit()
                    .in(sql)
                    .replace("{sign}", part.sign() < 0 ? "-" : "")
                    .replace("{from}", Long.toString(part.range().from()))
                    .replace("{to}", Long.toString(part.range().to()))
                    .replace("{any_mark}", Boolean.toString(!plan.dependsOnMark()))
                    .replace("{mark}", Long.toString(plan.rolledUntil())));
        }
        String sql = """
                with sums as materialized (
                    select banner_id, sum_clicks(clicks) as clicks
                    from ({parts}) part
                    group by banner_id having sum_clicks(clicks) > 0)
                select (select last_index from click_log where log_id = ?),
                    extract(epoch from rolled_until)::bigint / 60, extract(epoch from minutes_since)::bigint / 60,
                    total.banners, total.clicks,
                    (select string_agg(int8send(banner_id) || int8send(clicks), '')
                     from (select * from sums order by clicks desc, banner_id limit ?) busiest),
                    (select string_agg(int8send(banner_id) || int8send(clicks), '')
                     from sums where {names_any} and banner_id = any(?))
                from roll_up, (select count(*) as banners, sum_clicks(clicks) as clicks from sums) total""";
        return sql.replace("{parts}", String.join("\nunion all\n", parts))
                .replace("{names_any}", Boolean.toString(named.length > 0));
    }

    /// A banner may be both among the busiest and named; then it has the same clicks twice.
    private static void decode(byte @Nullable [] pairs, ClickTable clicks) {
        if (pairs != null) {
            var buffer = ByteBuffer.wrap(pairs);
            while (buffer.hasRemaining()) {
                long bannerId = buffer.getLong();
                clicks.take(bannerId, ClickTable.ANY_MINUTE);
                clicks.add(bannerId, ClickTable.ANY_MINUTE, buffer.getLong());
            }
        }
    }

    private void takePlace() throws SQLTransientConnectionException {
        requireAnswers();
        if (!places.tryAcquire()) {
            throw new SQLTransientConnectionException(
                    "more than %d requests wait for a connection".formatted(MAX_WAITING));
        }
    }

    private static long position(ResultSet row, int column) throws SQLException {
        long index = row.getLong(column);
        return row.wasNull() ? ClickReader.START : index;
    }

    /// Whether what `plan` reads is still what must be read. The mark moves back only when the database was
    /// restored.
    private static boolean isStillRight(SumPlan plan, Marks found) {
        long moved = found.rolledUntil() - plan.rolledUntil();
        return plan.dependsOnMark() ? moved == 0 : moved >= 0;
    }
}
