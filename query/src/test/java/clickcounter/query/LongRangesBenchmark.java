package clickcounter.query;

import clickcounter.query.counts.Period;
import clickcounter.query.counts.Step;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How long does a question about a long time take with 50 million minutes in the database?
///
/// 100 000 banners have clicks in some 50 hours of a year each, in ten minutes of each hour; banner 100 001 has
/// clicks in every minute of the year. Measured is what a request does between HTTP and the answer's numbers:
/// the tail of the log, the database, putting together; not the writing of JSON.
///
/// Not part of the build: it takes some minutes, 10 GB of disk and one core.
///
/// ```sh
/// ./mvnw test -Dquick -pl query -am -Dtest=LongRangesBenchmark -Dsurefire.failIfNoSpecifiedTests=false
/// ```
class LongRangesBenchmark {
    private static final Instant YEAR = Instant.parse("2024-01-01T00:00:00Z");
    private static final Instant END = Instant.parse("2025-01-30T00:00:00Z");
    private static final long BUSY_BANNER = 100_001;
    private static final long BANNER = 4_711;
    private static final int REPETITIONS = 15;

    /// As a flush would have left it: in the order of time.
    private static final String FILL = """
            create table month_of_minutes (like banner_minute including constraints) with (fillfactor = 70);
            insert into month_of_minutes
            select case when number = 0 then 100001
                        else 1 + (extract(epoch from hour)::bigint / 3600 * 7919 + number * 189) % 100000 end,
                   hour + minute * interval '1 minute', 1 + number % 50
            from generate_series(timestamptz '{since}', timestamptz '{before}' - interval '1 hour', interval '1 hour') hour,
                 generate_series(0, 59) minute,
                 generate_series(0, 528) number
            where number = 0 or minute % 6 = 0;
            alter table month_of_minutes add primary key (banner_id, minute);
            create index on month_of_minutes using brin (minute) with (autosummarize = on);
            alter table banner_minute attach partition month_of_minutes for values from ('{since}') to ('{before}');
            alter table month_of_minutes rename to minutes_of_{month};
            """;

    private interface Question extends Callable<Object> {}

    @Test
    void longRanges(@TempDir Path folder) throws Exception {
        try (var parts = QueryParts.open(folder, 1_000_000)) {
            fill(parts);
            var statistics = new Statistics(parts.counts, parts.tail, 1_000_000, Duration.ofSeconds(5));
            Instant leapYear = Instant.parse("2025-01-01T00:00:00Z");
            print("year by day, UTC", one(statistics, BUSY_BANNER, YEAR, leapYear, Step.DAY, "UTC"));
            print("year by day, UTC, sparse", one(statistics, BANNER, YEAR, leapYear, Step.DAY, "UTC"));
            print("year by day, Berlin", one(statistics, BUSY_BANNER, YEAR, leapYear, Step.DAY, "Europe/Berlin"));
            print("year by day, Kathmandu", one(statistics, BUSY_BANNER, YEAR, leapYear, Step.DAY, "Asia/Kathmandu"));
            print("year by hour, UTC", one(statistics, BUSY_BANNER, YEAR, leapYear, Step.HOUR, "UTC"));
            print(
                    "day by minute",
                    one(statistics, BUSY_BANNER, END.minus(Duration.ofDays(1)), END, Step.MINUTE, "UTC"));
            print(
                    "31 days by minute",
                    one(statistics, BUSY_BANNER, END.minus(Duration.ofDays(31)), END, Step.MINUTE, "UTC"));
            Instant july = Instant.parse("2024-07-01T00:00:00Z");
            Instant august = Instant.parse("2024-08-01T00:00:00Z");
            Duration berlin = Duration.ofHours(2);
            print("top 100, month", top(statistics, july, august));
            print("top 100, month in Berlin", top(statistics, july.minus(berlin), august.minus(berlin)));
            print("top 100, 30 days", top(statistics, july.plus(berlin), july.plus(Duration.ofDays(30))));
            print("top 100, running month", top(statistics, YEAR.plus(Duration.ofDays(366)), END));
            print("top 100, last day", top(statistics, END.minus(Duration.ofDays(1)), END));
            print("top 100, last hour", top(statistics, END.minus(Duration.ofHours(1)), END));
            print("top 100, year", top(statistics, YEAR, leapYear));
            print("totals, month by day", totals(statistics, july, august, Step.DAY));
            print("totals, year by month", totals(statistics, YEAR, leapYear, Step.MONTH));
        }
    }

    private static void fill(QueryParts parts) throws SQLException {
        long start = System.nanoTime();
        try (var connection = parts.testDatabase.connect();
                var statement = connection.createStatement()) {
            statement.execute("set timezone = 'UTC'; set maintenance_work_mem = '1GB'; set work_mem = '512MB'");
            List<String> bounds = List.of(
                    "2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06", "2024-07", "2024-08", "2024-09",
                    "2024-10", "2024-11", "2024-12", "2025-01");
            for (String month : bounds) {
                Instant since = Instant.parse(month + "-01T00:00:00Z");
                Instant before = since.plus(Duration.ofDays(32))
                        .atOffset(java.time.ZoneOffset.UTC)
                        .withDayOfMonth(1)
                        .toInstant();
                statement.execute(FILL.replace("{since}", since.toString())
                        .replace("{before}", (before.isBefore(END) ? before : END).toString())
                        .replace("{month}", month.toString().replace('-', '_')));
            }
            System.out.printf("filled after %d s%n", (System.nanoTime() - start) / 1_000_000_000);
            statement.execute("""
                    insert into banner_hour
                    select case when number = 0 then 100001
                                else 1 + (extract(epoch from hour)::bigint / 3600 * 7919 + number * 189) % 100000 end,
                           hour, (1 + number % 50) * case when number = 0 then 60 else 10 end
                    from generate_series(timestamptz '{since}', timestamptz '{before}' - interval '1 hour', interval '1 hour') hour,
                         generate_series(0, 528) number
                    """.replace("{since}", YEAR.toString()).replace("{before}", END.toString()));
            for (String sum : List.of("day", "month")) {
                statement.execute("""
                        insert into banner_%1$s
                        select banner_id, date_trunc('%1$s', hour, 'UTC'), sum(clicks) from banner_hour
                        group by 1, 2 order by 2, 1""".formatted(sum));
            }
            statement.execute("update roll_up set rolled_until = '%s'".formatted(END));
            for (String table : List.of("minute", "hour", "day", "month")) {
                statement.execute((table.equals("minute") ? "analyze banner_" : "vacuum analyze banner_") + table);
                var row = statement.executeQuery("select count(*) from banner_" + table);
                row.next();
                System.out.printf("%,d rows in banner_%s%n", row.getLong(1), table);
            }
            System.out.printf("ready after %d s%n", (System.nanoTime() - start) / 1_000_000_000);
        }
    }

    private static Question one(
            Statistics statistics, long bannerId, Instant from, Instant to, Step step, String zone) {
        return () -> statistics.series(new long[] {bannerId}, period(from, to, step, zone), false);
    }

    private static Question top(Statistics statistics, Instant from, Instant to) {
        return () -> statistics.top(period(from, to, Step.TOTAL, "UTC"), 100, List.of());
    }

    private static Question totals(Statistics statistics, Instant from, Instant to, Step step) {
        return () -> statistics.totals(period(from, to, step, "UTC"), false);
    }

    private static Period period(Instant from, Instant to, Step step, String zone) {
        return new Period(from.getEpochSecond() / 60, to.getEpochSecond() / 60, step, ZoneId.of(zone));
    }

    private static void print(String name, Question question) throws Exception {
        long[] times = new long[REPETITIONS];
        for (int repetition = 0; repetition < REPETITIONS; repetition++) {
            long start = System.nanoTime();
            question.call();
            times[repetition] = System.nanoTime() - start;
        }
        double first = times[0] / 1e6;
        Arrays.sort(times);
        System.out.printf(
                "%-26s median %7.1f ms, slowest %7.1f ms, first %7.1f ms%n",
                name, times[REPETITIONS / 2] / 1e6, times[REPETITIONS - 1] / 1e6, first);
    }
}
