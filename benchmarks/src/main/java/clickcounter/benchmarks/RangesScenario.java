package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
/// Filling takes some minutes and 15 GB of disk, so this scenario runs only if it is named. With `DATABASE_URL`,
/// an empty database is filled month by month and kept; an interrupted run continues with the next month that is
/// missing.
///
/// `./run.sh bench ranges`
final class RangesScenario {
    private static final YearMonth FIRST_MONTH = YearMonth.of(2024, 1);
    private static final YearMonth JUNE = YearMonth.of(2024, 6);
    private static final YearMonth JULY = YearMonth.of(2024, 7);
    private static final int MONTHS = 13;
    private static final int BUSY_BANNER = 100_001;
    private static final int BANNER = 4_711;
    private static final int REPETITIONS = 21;
    private static final String MAX_STATEMENT = "1h";
    private static final Pattern TOTAL = Pattern.compile("\\{\"total\":(\\d+),");

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

    private final HttpClient client = HttpClient.newHttpClient();
    private final Product product;
    private final Table table;

    private RangesScenario(Product product, Table table) {
        this.product = product;
        this.table = table;
    }

    static void run(Plan plan, Report report) throws Exception {
        try (var product = new Product(plan.folder().resolve("ranges"), Map.of());
                Database database = connect(product);
                Connection connection = database.connection()) {
            fill(connection);
            product.start("query");
            Table table = report.table("%,d minutes, ms".formatted(minutes(connection)));
            var scenario = new RangesScenario(product, table);
            scenario.oneBanner();
            scenario.top();
            scenario.totals();
            scenario.verify(connection);
        }
    }

    private static Database connect(Product product) throws IOException {
        var settings = new SettingsReader(Map.of(
                Setting.DATABASE_URL.name(), product.databaseUrl(), Setting.DATABASE_TIMEOUT.name(), MAX_STATEMENT));
        return Database.connect(DatabaseSettings.read(settings), "click-counter-benchmark", 1);
    }

    // ---- Rows ------------------------------------------------------------------------------------------------------

    private static void fill(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    set timezone = 'UTC'; set synchronous_commit = off;
                    set maintenance_work_mem = '1GB'; set work_mem = '256MB'""");
            for (int month = 0; month < MONTHS; month++) {
                fill(statement, FIRST_MONTH.plusMonths(month));
                connection.commit();
            }
            statement.execute("update roll_up set rolled_until = '%s'".formatted(endOfTime()));
            connection.commit();
            connection.setAutoCommit(true);
            statement.execute(
                    "vacuum analyze banner_hour, banner_day, banner_month, total_minute, total_hour, total_day, total_month");
            statement.execute("analyze banner_minute");
        }
    }

    /// Fills one month, unless it is there, in the transaction of the caller.
    private static void fill(Statement statement, YearMonth month) throws SQLException {
        String name = "banner_minute_%d_%02d".formatted(month.getYear(), month.getMonthValue());
        try (ResultSet row = statement.executeQuery("select to_regclass('%s') is not null".formatted(name))) {
            row.next();
            if (row.getBoolean(1)) {
                return;
            }
        }
        System.err.println("filling " + month);
        boolean isDense = month.equals(JUNE) || month.equals(JULY);
        statement.execute(
                "create table month_of_minutes (like banner_minute including constraints) with (fillfactor = 70)");
        execute(statement, isDense ? DENSE_MINUTES : SPARSE_MINUTES, month);
        execute(statement, BUSY_MINUTES, month);
        execute(statement, MAKE_PARTITION.replace("{name}", name), month);
        execute(statement, TOTAL_MINUTES, month);
        execute(statement, SUM_UP.replace("{sum}", "hour").replace("{part}", "minute"), month);
        execute(statement, SUM_UP.replace("{sum}", "day").replace("{part}", "hour"), month);
        execute(statement, SUM_UP.replace("{sum}", "month").replace("{part}", "day"), month);
    }

    private static void execute(Statement statement, String sql, YearMonth month) throws SQLException {
        statement.execute(sql.replace("{from}", start(month, ZoneOffset.UTC).toString())
                .replace("{to}", start(month.plusMonths(1), ZoneOffset.UTC).toString()));
    }

    private static Instant endOfTime() {
        return start(FIRST_MONTH.plusMonths(MONTHS), ZoneOffset.UTC);
    }

    private static Instant start(YearMonth month, ZoneId zone) {
        return start(month.atDay(1), zone);
    }

    private static Instant start(LocalDate day, ZoneId zone) {
        return day.atStartOfDay(zone).toInstant();
    }

    private static long minutes(Connection connection) throws SQLException {
        return number(connection, "select count(*) from banner_minute");
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    // ---- Questions -------------------------------------------------------------------------------------------------

    private void oneBanner() throws IOException, InterruptedException {
        for (String zone : new String[] {"UTC", "Europe/Berlin", "Asia/Kathmandu"}) {
            ask("year by day, " + zone, "stats/%d?step=day&%s".formatted(BUSY_BANNER, year(zone)));
        }
        ask("year by day, a banner with few clicks", "stats/%d?step=day&%s".formatted(BANNER, year("UTC")));
        ask("year by hour", "stats/%d?step=hour&%s".formatted(BUSY_BANNER, year("UTC")));
        ask("31 days by minute", "stats/%d?%s".formatted(BUSY_BANNER, month(JULY, "UTC")));
        Instant day = start(JULY.atDay(10), ZoneOffset.UTC);
        ask("a day by minute", "stats/%d?%s".formatted(BUSY_BANNER, time(day, day.plus(Duration.ofDays(1)), "UTC")));
    }

    private void top() throws IOException, InterruptedException {
        for (String zone : new String[] {
            "UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Auckland"
        }) {
            ask("top 100 of a month, " + zone, "top?limit=100&" + month(JULY, zone));
        }
        Instant first = start(JUNE.atDay(15), ZoneOffset.UTC);
        ask("top 100 of a week", "top?limit=100&" + time(first, first.plus(Duration.ofDays(7)), "UTC"));
        ask("top 100 of 30 days from the 15th", "top?limit=100&" + time(first, first.plus(Duration.ofDays(30)), "UTC"));
        ask("top 100 of a year, Europe/Berlin", "top?limit=100&" + year("Europe/Berlin"));
    }

    private void totals() throws IOException, InterruptedException {
        for (String zone : new String[] {"UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Auckland"}) {
            ask("totals of a month by day, " + zone, "totals?step=day&" + month(JULY, zone));
        }
        ask("totals of a year by day, Europe/Berlin", "totals?step=day&" + year("Europe/Berlin"));
    }

    private static String year(String zone) {
        ZoneId id = ZoneId.of(zone);
        return time(start(FIRST_MONTH, id), start(FIRST_MONTH.plusYears(1), id), zone);
    }

    private static String month(YearMonth month, String zone) {
        ZoneId id = ZoneId.of(zone);
        return time(start(month, id), start(month.plusMonths(1), id), zone);
    }

    private static String time(Instant from, Instant to, String zone) {
        return "from=%s&to=%s&tz=%s".formatted(from, to, zone);
    }

    private void ask(String name, String question) throws IOException, InterruptedException {
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

    private String answer(String question) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:%d/v1/banners/%s".formatted(product.queryPort(), question)))
                .build();
        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString(StandardCharsets.UTF_8));
        if (answer.statusCode() != 200) {
            throw new IOException(
                    "The answer to %s was %d: %s".formatted(question, answer.statusCode(), answer.body()));
        }
        return answer.body();
    }

    private void verify(Connection connection) throws IOException, InterruptedException, SQLException {
        String zone = "Asia/Kathmandu";
        long summed = number(
                connection,
                "select sum(clicks) from banner_minute where minute >= '%s' and minute < '%s'"
                        .formatted(start(JULY, ZoneId.of(zone)), start(JULY.plusMonths(1), ZoneId.of(zone))));
        for (String question : new String[] {"top?", "totals?step=day&"}) {
            Matcher total = TOTAL.matcher(answer(question + month(JULY, zone)));
            if (!total.lookingAt() || Long.parseLong(total.group(1)) != summed) {
                throw new IllegalStateException(
                        "The minutes hold %d clicks, the answer says %s.".formatted(summed, total));
            }
        }
    }
}
