package clickcounter.query;

import clickcounter.migrations.Database;
import clickcounter.query.counts.Level;
import clickcounter.query.counts.Marks;
import clickcounter.query.counts.MinuteCounts;
import clickcounter.query.counts.SumPlan;
import clickcounter.query.counts.SumPlan.Part;
import clickcounter.query.counts.SumPlan.Range;
import clickcounter.shared.log.ClickReader;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/// The counts in the database, and how far of the log they are.
///
/// Each read is one statement, so that counts, position and marks are of one moment. What to read depends on
/// the marks; a statement is made for those that were seen last, gives nothing when they have moved on, and is
/// then made anew.
///
/// **Threads**: any.
///
/// **Errors**: [SQLException] whenever the database does not answer. The first to notice that it is away wait
/// for a connection, [Database#ACQUIRE_TIMEOUT] at most; then all fail at once until [#position()], which is
/// asked for every second, has found it back. All fail at once, too, that find too many waiting already.
final class BannerCounts {
    /// How many requests may wait for a connection while all are in use: what a few seconds can serve at most.
    static final int MAX_WAITING = 1_000;

    /// How often a statement is made anew because minutes were summed up meanwhile, which happens once in
    /// minutes.
    private static final int MAX_ATTEMPTS = 20;

    private static final String POSITION = "select last_index from click_log where log_id = ?";

    private static final String STATE = """
            select
                (select last_index from click_log where log_id = ?),
                extract(epoch from rolled_until)::bigint / 60,
                extract(epoch from minutes_since)::bigint / 60""";

    /// One value for all rows of a level, 24 bytes each: banner, start and clicks. As rows of their own they
    /// would cost the driver ten times the memory, and an answer may hold a year of minutes.
    ///
    /// `offset 0` keeps the planner from pulling the inner select up: it would then compare each row of a
    /// banner with each part.
    private static final String ROWS_OF_BANNERS = """
            ,
                (select string_agg(int8send(banner_id) || timestamptz_send({level}) || int8send(clicks), ''
                                   order by banner_id, {level})
                 from (
                    select asked.banner_id, {level}, clicks
                    from unnest(?) asked (banner_id), unnest(?, ?) part (since, before), lateral (
                        select {level}, clicks from banner_{level}
                        where banner_id = asked.banner_id
                            and {level} >= to_timestamp(since * 60) and {level} < to_timestamp(before * 60)
                        offset 0
                    ) counted
                    where rolled_until = to_timestamp(?::bigint * 60) or not ?
                    limit ?) found)""";

    /// The same for one banner and one part, which is what nearly all questions are: 16 bytes for each row, at half
    /// the cost, for the rows come out of the index in their order and are not looked at again.
    private static final String ROWS_OF_ONE = """
            ,
                (select string_agg(timestamptz_send({level}) || int8send(clicks), '' order by {level})
                 from (
                    select {level}, clicks from banner_{level}
                    where banner_id = ?
                        and {level} >= to_timestamp(?::bigint * 60) and {level} < to_timestamp(?::bigint * 60)
                        and (rolled_until = to_timestamp(?::bigint * 60) or not ?)
                    order by {level}
                    limit ?) found)""";

    /// The same for all banners together; 0 stands for the banner.
    private static final String ROWS_OF_ALL = """
            ,
                (select string_agg(int8send(0) || timestamptz_send({level}) || int8send(clicks), '' order by {level})
                 from (
                    select {level}, clicks
                    from unnest(?, ?) part (since, before), lateral (
                        select {level}, clicks from total_{level}
                        where {level} >= to_timestamp(since * 60) and {level} < to_timestamp(before * 60)
                        offset 0
                    ) counted
                    where rolled_until = to_timestamp(?::bigint * 60) or not ?
                    limit ?) found)""";

    /// Those that are not summed up yet are added from the minutes of the banners; with the times in its text, as
    /// the planner cannot know how few they are.
    private static final String MINUTES_OF_ALL = """
            ,
                (select string_agg(int8send(0) || timestamptz_send(minute) || int8send(clicks), '' order by minute)
                 from (
                    select minute, clicks
                    from unnest(?, ?) part (since, before), lateral (
                        select minute, clicks from total_minute
                        where minute >= to_timestamp(since * 60) and minute < to_timestamp(before * 60)
                        offset 0
                    ) counted
                    where rolled_until = to_timestamp(?::bigint * 60) or not ?
                    union all
                    select minute, sum_clicks(clicks) as clicks from banner_minute
                    where minute >= to_timestamp({since}) and minute < to_timestamp({before})
                        and minute >= (select rolled_until from roll_up)
                    group by minute
                    limit ?) found)""";

    /// 16 bytes for each banner: its id and its clicks.
    private static final String SUMS_VALUES = """
            ,
                (select int8send(count(*)) || int8send(sum_clicks(clicks)) from sums),
                (select string_agg(int8send(banner_id) || int8send(clicks), '')
                 from (select * from sums order by clicks desc, banner_id limit ?) busiest)""";

    private static final String NAMED_SUMS = """
            ,
                (select string_agg(int8send(banner_id) || int8send(clicks), '') from sums where banner_id = any(?))""";

    /// The planner does not know how many banners there are, and would sort; a hash table of all banners takes
    /// less time, and fits into this memory. Compiling the statement would take longer than it runs.
    private static final String SETTINGS_OF_SUMS = """
            set local work_mem = '64MB';
            set local enable_sort = off;
            set local enable_gathermerge = off;
            set local jit = off""";

    private static final String FROM_STATE = "\nfrom roll_up";

    private static final int SECONDS_PER_MINUTE = 60;
    private static final int BYTES_PER_COUNT = 2 * Long.BYTES;
    private static final int BYTES_PER_ROW = Long.BYTES + BYTES_PER_COUNT;

    /// PostgreSQL sends times as microseconds since 2000.
    private static final long MICROS_PER_MINUTE = 60_000_000;

    private static final long MINUTE_OF_2000 = 946_684_800 / SECONDS_PER_MINUTE;

    private final Database database;
    private final UUID logId;
    private final int maxRows;
    private final Semaphore places;
    private volatile boolean isAway;
    private volatile Marks marks = Marks.NONE;

    /// @param poolSize how many connections the database has
    /// @param maxRows most rows of one level in one answer; one more is read when there are more
    BannerCounts(Database database, int poolSize, UUID logId, int maxRows) {
        this.database = database;
        this.logId = logId;
        this.maxRows = maxRows;
        this.places = new Semaphore(poolSize + MAX_WAITING);
    }

    /// What the database knew at one moment.
    ///
    /// @param position index of the last click that is counted, or [ClickReader#START]
    /// @param plan what was read
    record Snapshot<T>(long position, Marks marks, SumPlan plan, T counts) {}

    /// The rows of one level for one banner each; those of all banners together stand at 0.
    record Rows(Map<Level, Map<Long, MinuteCounts>> byLevel) {
        Map<Level, MinuteCounts> of(long bannerId) {
            Map<Level, MinuteCounts> rows = new EnumMap<>(Level.class);
            byLevel.forEach((level, byBanner) -> rows.put(level, byBanner.getOrDefault(bannerId, MinuteCounts.NONE)));
            return rows;
        }
    }

    /// Clicks of all banners in one stretch of time.
    ///
    /// @param banners how many have clicks
    /// @param clicks of all banners
    /// @param found clicks by banner of the busiest ones and of those that were named
    record Sums(long banners, long clicks, Map<Long, Long> found) {}

    /// The position of the log up to which clicks are counted.
    long position() throws SQLException {
        try (Connection connection = database.connection();
                PreparedStatement select = connection.prepareStatement(POSITION)) {
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

    /// The counts of some banners, or of all together when none is named, as a plan needs them.
    ///
    /// **Errors**: [Refusal] when a level has more rows than allowed.
    Snapshot<Rows> rows(long[] bannerIds, Function<Marks, SumPlan> planFor) throws SQLException, Refusal {
        Snapshot<Rows> snapshot = read(planFor, plan -> new RowsStatement(bannerIds, plan));
        for (Map<Long, MinuteCounts> byBanner : snapshot.counts.byLevel.values()) {
            if (byBanner.values().stream().mapToLong(MinuteCounts::size).sum() > maxRows) {
                throw Refusal.badRequest(tooManyRows(bannerIds, maxRows));
            }
        }
        return snapshot;
    }

    static String tooManyRows(long[] bannerIds, int maxRows) {
        String who = bannerIds.length == 1 ? "Banner %d has".formatted(bannerIds[0]) : "The banners together have";
        return """
                %s clicks in more than %d minutes between "from" and "to", which is the most for one answer; ask for \
                shorter times, one after the other.\
                """.formatted(who, maxRows);
    }

    /// The clicks of the only step of a plan by banner.
    ///
    /// @param busiest how many of the busiest banners to name
    /// @param named banners to name as well
    Snapshot<Sums> sums(int busiest, long[] named, Function<Marks, SumPlan> planFor) throws SQLException {
        return read(planFor, plan -> new SumsStatement(busiest, named, plan));
    }

    private <T> Snapshot<T> read(Function<Marks, SumPlan> planFor, Function<SumPlan, Statement<T>> statementFor)
            throws SQLException {
        if (isAway) {
            throw new SQLTransientConnectionException("the database did not answer when it was asked last");
        }
        if (!places.tryAcquire()) {
            throw new SQLTransientConnectionException(
                    "more than %d requests wait for a connection".formatted(MAX_WAITING));
        }
        try (Connection connection = database.connection()) {
            for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
                Marks expected = marks;
                SumPlan plan = planFor.apply(expected);
                Statement<T> statement = statementFor.apply(plan);
                statement.prepare(connection);
                try (PreparedStatement select = connection.prepareStatement(statement.sql())) {
                    statement.bind(select, expected);
                    ResultSet row = select.executeQuery();
                    row.next();
                    Marks found = new Marks(row.getLong(2), row.getLong(3));
                    marks = found;
                    // The mark moves back only when the database was restored.
                    long moved = found.rolledUntil() - expected.rolledUntil();
                    if (plan.dependsOnMark() ? moved == 0 : moved >= 0) {
                        return new Snapshot<>(positionOf(row), found, plan, statement.counts(row));
                    }
                }
            }
            throw new SQLTransientConnectionException("minutes are summed up faster than they can be read");
        } finally {
            places.release();
        }
    }

    private static long positionOf(ResultSet row) throws SQLException {
        long index = row.getLong(1);
        return row.wasNull() ? ClickReader.START : index;
    }

    /// One way to read; the first three columns are always position and marks.
    private interface Statement<T> {
        /// Before it is planned.
        default void prepare(Connection connection) throws SQLException {}

        String sql();

        void bind(PreparedStatement select, Marks expected) throws SQLException;

        T counts(ResultSet row) throws SQLException;
    }

    private final class RowsStatement implements Statement<Rows> {
        private final long[] bannerIds;
        private final SumPlan plan;
        private final Map<Level, List<Range>> ranges = new EnumMap<>(Level.class);

        RowsStatement(long[] bannerIds, SumPlan plan) {
            this.bannerIds = bannerIds;
            this.plan = plan;
            for (Level level : Level.values()) {
                List<Range> ofLevel = plan.ranges(level);
                if (!ofLevel.isEmpty()) {
                    ranges.put(level, ofLevel);
                }
            }
        }

        @Override
        public String sql() {
            var sql = new StringBuilder(STATE);
            ranges.forEach(
                    (level, ofLevel) -> sql.append(template(level, ofLevel).replace("{level}", level.column())));
            return sql.append(FROM_STATE).toString();
        }

        private String template(Level level, List<Range> ofLevel) {
            if (bannerIds.length > 0) {
                return isOne(ofLevel) ? ROWS_OF_ONE : ROWS_OF_BANNERS;
            }
            if (level != Level.MINUTE) {
                return ROWS_OF_ALL;
            }
            Range notRolled = plan.notRolled();
            return MINUTES_OF_ALL
                    .replace("{since}", Long.toString(notRolled.since() * SECONDS_PER_MINUTE))
                    .replace("{before}", Long.toString(notRolled.before() * SECONDS_PER_MINUTE));
        }

        private boolean isOne(List<Range> ofLevel) {
            return bannerIds.length == 1 && ofLevel.size() == 1;
        }

        @Override
        public void bind(PreparedStatement select, Marks expected) throws SQLException {
            int at = 1;
            select.setObject(at++, logId);
            for (List<Range> ofLevel : ranges.values()) {
                if (isOne(ofLevel)) {
                    select.setLong(at++, bannerIds[0]);
                    select.setLong(at++, ofLevel.getFirst().since());
                    select.setLong(at++, ofLevel.getFirst().before());
                } else {
                    if (bannerIds.length > 0) {
                        select.setObject(at++, bannerIds);
                    }
                    select.setObject(
                            at++, ofLevel.stream().mapToLong(Range::since).toArray());
                    select.setObject(
                            at++, ofLevel.stream().mapToLong(Range::before).toArray());
                }
                select.setLong(at++, expected.rolledUntil());
                select.setBoolean(at++, plan.dependsOnMark());
                select.setLong(at++, maxRows + 1L);
            }
        }

        @Override
        public Rows counts(ResultSet row) throws SQLException {
            Map<Level, Map<Long, MinuteCounts>> byLevel = new EnumMap<>(Level.class);
            int column = 4;
            for (Map.Entry<Level, List<Range>> level : ranges.entrySet()) {
                byte[] rows = row.getBytes(column++);
                byLevel.put(level.getKey(), rows == null ? Map.of() : rowsOf(rows, isOne(level.getValue())));
            }
            return new Rows(byLevel);
        }

        private Map<Long, MinuteCounts> rowsOf(byte[] rows, boolean isOne) {
            var buffer = ByteBuffer.wrap(rows);
            if (isOne) {
                return Map.of(bannerIds[0], countsOf(buffer, 0, rows.length / BYTES_PER_COUNT, BYTES_PER_COUNT));
            }
            Map<Long, MinuteCounts> byBanner = new HashMap<>();
            int size = rows.length / BYTES_PER_ROW;
            int at = 0;
            while (at < size) {
                long bannerId = buffer.getLong(at * BYTES_PER_ROW);
                int end = at;
                while (end < size && buffer.getLong(end * BYTES_PER_ROW) == bannerId) {
                    end++;
                }
                byBanner.put(bannerId, countsOf(buffer, at * BYTES_PER_ROW + Long.BYTES, end - at, BYTES_PER_ROW));
                at = end;
            }
            return byBanner;
        }

        /// @param start where the first count stands
        /// @param stride how far the next one is
        private static MinuteCounts countsOf(ByteBuffer buffer, int start, int count, int stride) {
            long[] minutes = new long[count];
            long[] clicks = new long[count];
            for (int to = 0, at = start; to < count; to++, at += stride) {
                minutes[to] = buffer.getLong(at) / MICROS_PER_MINUTE + MINUTE_OF_2000;
                clicks[to] = buffer.getLong(at + Long.BYTES);
            }
            return new MinuteCounts(minutes, clicks);
        }
    }

    private final class SumsStatement implements Statement<Sums> {
        private final int busiest;
        private final long[] named;
        private final SumPlan plan;

        SumsStatement(int busiest, long[] named, SumPlan plan) {
            this.busiest = busiest;
            this.named = named;
            this.plan = plan;
        }

        /// Ends with the transaction, which the pool rolls back.
        @Override
        public void prepare(Connection connection) throws SQLException {
            connection.setAutoCommit(false);
            try (var settings = connection.createStatement()) {
                settings.execute(SETTINGS_OF_SUMS);
            }
        }

        /// With the times in its text: the database then knows how much it will read.
        @Override
        public String sql() {
            List<String> parts = plan.parts().stream().map(this::sql).toList();
            return """
                    with sums as materialized (
                        select banner_id, sum_clicks(clicks) as clicks
                        from (%s) parts
                        group by 1 having sum_clicks(clicks) > 0)
                    """.formatted(
                                    parts.isEmpty()
                                            ? "select 0::bigint as banner_id, 0::bigint as clicks"
                                            : String.join("union all ", parts))
                    + STATE
                    + SUMS_VALUES
                    + (named.length > 0 ? NAMED_SUMS : "")
                    + FROM_STATE;
        }

        private String sql(Part part) {
            return """
                    select banner_id, %2$sclicks as clicks from banner_%1$s
                    where %1$s >= to_timestamp(%3$d) and %1$s < to_timestamp(%4$d)
                        and ((select rolled_until from roll_up) = to_timestamp(%5$d) or not %6$b)
                    """.formatted(
                            part.level().column(),
                            part.sign() < 0 ? "-" : "",
                            part.range().since() * SECONDS_PER_MINUTE,
                            part.range().before() * SECONDS_PER_MINUTE,
                            plan.rolledUntil() * SECONDS_PER_MINUTE,
                            plan.dependsOnMark());
        }

        @Override
        public void bind(PreparedStatement select, Marks expected) throws SQLException {
            select.setObject(1, logId);
            select.setInt(2, busiest);
            if (named.length > 0) {
                select.setObject(3, named);
            }
        }

        @Override
        public Sums counts(ResultSet row) throws SQLException {
            var countAndSum = ByteBuffer.wrap(row.getBytes(4));
            Map<Long, Long> found = new HashMap<>();
            for (byte[] pairs : Arrays.asList(row.getBytes(5), named.length > 0 ? row.getBytes(6) : null)) {
                if (pairs != null) {
                    var buffer = ByteBuffer.wrap(pairs);
                    while (buffer.hasRemaining()) {
                        found.put(buffer.getLong(), buffer.getLong());
                    }
                }
            }
            return new Sums(countAndSum.getLong(), countAndSum.getLong(), found);
        }
    }
}
