package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// How long does a question about a long time take with more than 50 million minutes in the database?
///
/// In June and July of 2024, each of 100 000 banners has clicks in one or two minutes of every fifth hour, and so
/// on every day; in each of the other eleven months it has clicks in one minute. Banner 100 001 has clicks in
/// every minute. The sums are those that the aggregator would have made, and the rows are in the order of time,
/// as after its flushes.
///
/// Measured: requests over HTTP to the query process, one after another, up to the last byte of the JSON. Not
/// measured: filling the database. Afterwards the total of one month is compared with the sum of its minutes.
///
/// Filling takes some minutes and 15 GB of disk, so this scenario runs only if it is named.
///
/// `./run.sh bench ranges`
final class RangesScenario {
    private static final LocalDate YEAR_START = LocalDate.of(2024, 1, 1);
    private static final LocalDate JUNE = LocalDate.of(2024, 6, 1);
    private static final LocalDate MID_JUNE = LocalDate.of(2024, 6, 15);
    private static final LocalDate JULY = LocalDate.of(2024, 7, 1);
    private static final int MONTHS = 13;
    private static final int BUSY_BANNER = 100_001;
    private static final int REPETITIONS = 21;
    private static final String TOP = "top?limit=100&";
    private static final String TOTALS = "totals?step=day&";

    /// Chooses 1 of 155 banners for each minute of each hour by the remainders by 5 and by 31.
    private static final String DENSE_MINUTES = """
            insert into month_of_minutes
            select 1 + (31 * (extract(epoch from hour)::bigint / 3600 % 5) + 125 * (minute % 31)) % 155 + 155 * number,
                   hour + minute * interval '1 minute', 1 + number % 50
            from generate_series(timestamptz '{from}', timestamptz '{to}' - interval '1 hour', interval '1 hour') hour,
                 generate_series(0, 59) minute, generate_series(0, 644) number
            """;

    private static final String SPARSE_MINUTES = """
            insert into month_of_minutes
            select banner, timestamptz '{from}' + (banner % 28 * 1440 + banner % 1440) * interval '1 minute',
                   1 + banner % 50
            from generate_series(1, 100000) banner order by 2
            """;

    private static final String BUSY_MINUTES = """
            insert into month_of_minutes
            select 100001, minute, 1 + extract(minute from minute)
            from generate_series(timestamptz '{from}', timestamptz '{to}' - interval '1 minute', interval '1 minute')
                minute
            """;

    private static final String MAKE_PARTITION = """
            alter table month_of_minutes add primary key (banner_id, minute);
            create index on month_of_minutes using brin (minute) with (autosummarize = on);
            alter table banner_minute attach partition month_of_minutes for values from ('{from}') to ('{to}');
            alter table month_of_minutes rename to {name}""";

    private static final String SUM_UP = """
            insert into banner_{sum}
            select banner_id, date_trunc('{sum}', {part}, 'UTC'), sum(clicks)
            from banner_{part} where {part} >= '{from}' and {part} < '{to}' group by 1, 2 order by 2, 1;
            insert into total_{sum}
            select {sum}, sum(clicks) from banner_{sum} where {sum} >= '{from}' and {sum} < '{to}' group by 1""";

    private static final String TOTAL_MINUTES = """
            insert into total_minute
            select minute, sum(clicks) from banner_minute where minute >= '{from}' and minute < '{to}' group by 1""";

    private final Product product;
    private final Table table;

    private RangesScenario(Product product, Table table) {
        this.product = product;
        this.table = table;
    }

    static void run(Plan plan, Report report) throws Exception {
        try (var product = new Product(plan.folder().resolve("ranges"), Map.of());
                Connection connection = product.connect()) {
            fill(connection);
            product.start("query");
            long minutes = TestDatabase.number(connection, "select count(*) from banner_minute");
            var scenario = new RangesScenario(product, report.table("%,d minutes, ms".formatted(minutes)));
            scenario.askAll();
            scenario.verify(connection);
        }
    }

    // ---- Rows ------------------------------------------------------------------------------------------------------

    private static void fill(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    set timezone = 'UTC'; set synchronous_commit = off;
                    set maintenance_work_mem = '1GB'; set work_mem = '256MB'""");
            for (int month = 0; month < MONTHS; month++) {
                fill(statement, YEAR_START.plusMonths(month));
                connection.commit();
            }
            statement.execute("update roll_up set rolled_until = '%s'".formatted(YEAR_START.plusMonths(MONTHS)));
            connection.commit();
            connection.setAutoCommit(true);
            statement.execute(
                    "vacuum analyze banner_hour, banner_day, banner_month, total_minute, total_hour, total_day, total_month");
            statement.execute("analyze banner_minute");
        }
    }

    /// Fills one month in the transaction of the caller.
    private static void fill(Statement statement, LocalDate month) throws SQLException {
        System.err.println("filling the month that begins on " + month);
        boolean isDense = month.equals(JUNE) || month.equals(JULY);
        String sql = String.join(
                ";\n",
                "create table month_of_minutes (like banner_minute including constraints) with (fillfactor = 70)",
                isDense ? DENSE_MINUTES : SPARSE_MINUTES,
                BUSY_MINUTES,
                MAKE_PARTITION,
                TOTAL_MINUTES,
                SUM_UP.replace("{sum}", "hour").replace("{part}", "minute"),
                SUM_UP.replace("{sum}", "day").replace("{part}", "hour"),
                SUM_UP.replace("{sum}", "month").replace("{part}", "day"));
        statement.execute(sql.replace("{from}", month.toString())
                .replace("{to}", month.plusMonths(1).toString())
                .replace("{name}", "banner_minute_%tY_%<tm".formatted(month)));
    }

    // ---- Questions -------------------------------------------------------------------------------------------------

    private void askAll() throws IOException {
        for (String zone : List.of("UTC", "Europe/Berlin", "Asia/Kathmandu")) {
            ask("year by day, " + zone, "stats/" + BUSY_BANNER + "?step=day&" + year(zone));
        }
        ask("year by hour", "stats/" + BUSY_BANNER + "?step=hour&" + year("UTC"));
        ask("31 days by minute", "stats/" + BUSY_BANNER + "?" + july("UTC"));
        for (String zone :
                List.of("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Auckland")) {
            ask("top 100 of a month, " + zone, TOP + july(zone));
        }
        ask("top 100 of a week", TOP + period(MID_JUNE, MID_JUNE.plusDays(7), "UTC"));
        ask("top 100 of 30 days from the 15th", TOP + period(MID_JUNE, MID_JUNE.plusDays(30), "UTC"));
        ask("top 100 of a year, Europe/Berlin", TOP + year("Europe/Berlin"));
        for (String zone : List.of("UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Auckland")) {
            ask("totals of a month by day, " + zone, TOTALS + july(zone));
        }
        ask("totals of a year by day, Europe/Berlin", TOTALS + year("Europe/Berlin"));
    }

    private static String year(String zone) {
        return period(YEAR_START, YEAR_START.plusYears(1), zone);
    }

    private static String july(String zone) {
        return period(JULY, JULY.plusMonths(1), zone);
    }

    private static String period(LocalDate from, LocalDate to, String zone) {
        return "from=%s&to=%s&tz=%s".formatted(start(from, zone), start(to, zone), zone);
    }

    private static Instant start(LocalDate day, String zone) {
        return day.atStartOfDay(ZoneId.of(zone)).toInstant();
    }

    private void ask(String name, String question) throws IOException {
        long[] times = new long[REPETITIONS];
        for (int repetition = 0; repetition < REPETITIONS; repetition++) {
            long startNs = System.nanoTime();
            answer(question);
            times[repetition] = System.nanoTime() - startNs;
        }
        table.add(name, "first", times[0] / 1e6);
        Arrays.sort(times);
        table.add(name, "median", times[REPETITIONS / 2] / 1e6);
        table.add(name, "slowest but the first", times[REPETITIONS - 2] / 1e6);
    }

    private String answer(String question) throws IOException {
        Service service = product.service();
        HttpResponse<String> answer = service.get(service.queryPort(), "/v1/banners/" + question);
        if (answer.statusCode() != 200) {
            throw new IOException(
                    "The answer to %s was %d: %s".formatted(question, answer.statusCode(), answer.body()));
        }
        return answer.body();
    }

    private void verify(Connection connection) throws IOException, SQLException {
        String zone = "Asia/Kathmandu";
        long summed = TestDatabase.number(
                connection,
                "select sum(clicks) from banner_minute where minute >= '%s' and minute < '%s'"
                        .formatted(start(JULY, zone), start(JULY.plusMonths(1), zone)));
        for (String question : List.of(TOP, TOTALS)) {
            String answer = answer(question + july(zone));
            if (!answer.startsWith("{\"total\":%d,".formatted(summed))) {
                throw new IllegalStateException(
                        "The minutes hold %d clicks, the answer says: %s".formatted(summed, answer));
            }
        }
    }
}
