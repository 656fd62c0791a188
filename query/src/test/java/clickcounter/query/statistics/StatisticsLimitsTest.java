package clickcounter.query.statistics;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.RunningQuery;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Expensive questions neither end the process nor keep the others waiting.
class StatisticsLimitsTest {
    private static final String ALWAYS = "from=1970-01-01T00:00:00Z&to=2080-01-01T00:00:00Z";
    private static final String HOURS_OF_KATHMANDU = "&step=hour&tz=Asia/Kathmandu";

    private static RunningQuery query;

    @AutoClose
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder, "DATABASE_POOL_SIZE", "5", "DATABASE_TIMEOUT", "10m");
        query.execute("update roll_up set rolled_until = '2026-01-01T00:00:00Z'");
        query.restart();
        query.count(7, "2026-02-01 10:00Z=5");
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @Test
    void refusesTheHoursOfAllTimeForManyBanners() {
        var banners = new StringBuilder("banner=1");
        for (int banner = 2; banner <= 100; banner++) {
            banners.append("&banner=").append(banner);
        }
        RunningQuery.assertProblem(
                query.get("/v1/banners/stats?" + banners + "&" + ALWAYS + HOURS_OF_KATHMANDU), 400, """
                The answer would have at least 96424800 rows, one for each step of each banner; at most 1000000 are \
                allowed. Ask for a shorter time, longer steps or fewer banners.""");
    }

    @Test
    void refusesToLookUpTooManyRangesOfTime() {
        RunningQuery.assertProblem(query.get("/v1/banners/stats/7?" + ALWAYS + HOURS_OF_KATHMANDU), 400, """
                The steps do not begin with hours, days or months of UTC, so that 490898 ranges of time would have to \
                be looked up; at most 250000 are allowed. Ask for a shorter time, longer steps, fewer banners or UTC.""");
    }

    @Test
    void looksUpAsManyRangesOfTimeAsAreAllowed() {
        long begin = System.nanoTime();
        HttpResponse<String> answer =
                query.get("/v1/banners/stats/7?from=1998-01-01T00:00:00Z&to=2027-01-01T00:00:00Z" + HOURS_OF_KATHMANDU);

        System.out.printf("%d ms%n", (System.nanoTime() - begin) / 1_000_000);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(RunningQuery.sum(answer)).isEqualTo(5);
    }

    @Test
    void readsMoreWhereThereIsMoreThanUsual() throws SQLException {
        query.count(9, "2026-01-02 00:00Z=1");
        query.execute("""
                insert into banner_minute
                select 9, minute, 1
                from generate_series('2026-01-02T00:01:00Z'::timestamptz, '2026-01-22T00:00:00Z', '1 min') minute""");

        assertThat(query.clicks(9)).isEqualTo(20 * 1_440 + 1);
        assertThat(query.clicks(7)).isEqualTo(5);
    }

    /// Both periods are read anew when the second one has more counts than usual: while the question waits for room
    /// for them, it keeps nothing.
    @Test
    void keepsNothingOfAComparisonWhileItWaitsToReadMore() throws Exception {
        query.count(11, "2026-01-02 00:00Z=1", "2026-01-22 00:00Z=1");
        query.execute("""
                insert into banner_minute
                select 11, minute, 1
                from generate_series('2026-01-02T00:01:00Z'::timestamptz, '2026-01-21T23:59:00Z', '1 min') minute""");
        try (var connection = query.database.connect();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("lock table banner_month in access exclusive mode");
            Future<HttpResponse<String>> expensive = threads.submit(
                    () -> query.get("/v1/banners/top?from=2014-01-01T00:00:00Z&to=2026-03-01T00:00:00Z"));
            Await.until("the only place for expensive questions is taken", () -> waitingStatements() == 1);
            Future<HttpResponse<String>> comparing = threads.submit(() -> query.get(
                    "/v1/banners/stats/11?compare=previous&from=2026-01-22T00:00:00Z&to=2026-02-11T00:00:00Z"));
            Await.until(
                    "the comparison waits to read more",
                    () -> Exposition.get(query.adminPort(), "/metrics")
                            .body()
                            .contains("clickcounter_waiting_questions 1"));

            query.execute("insert into banner_minute values (11, '2026-01-23T00:00:00Z', 1)");
            connection.rollback();

            assertThat(expensive.get(1, TimeUnit.MINUTES).statusCode()).isEqualTo(200);
            assertThat(RunningQuery.sum(comparing.get(1, TimeUnit.MINUTES))).isEqualTo(2 + 20 * 1_440);
        }
    }

    @Test
    void answersCheapQuestionsWhileExpensiveOnesWait() throws Exception {
        try (var connection = query.database.connect();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            // Expensive questions now wait for this transaction.
            statement.execute("lock table banner_month in access exclusive mode");
            List<Future<HttpResponse<String>>> expensive = new ArrayList<>();
            for (int month = 1; month <= 9; month++) {
                String top = "/v1/banners/top?from=2020-0%d-01T00:00:00Z&to=2026-01-01T00:00:00Z".formatted(month);
                expensive.add(threads.submit(() -> query.get(top)));
            }
            // Of these, one is asked of the database and eight wait.
            Await.until(
                    "they wait",
                    () -> Exposition.get(query.adminPort(), "/metrics")
                            .body()
                            .contains("clickcounter_waiting_questions 8"));

            assertThat(query.clicks(7)).isEqualTo(5);

            Await.until(
                    "they have waited long enough",
                    () -> expensive.stream().filter(Future::isDone).count() == 8);
            connection.rollback();
            int answered = 0;
            for (Future<HttpResponse<String>> asked : expensive) {
                HttpResponse<String> answer = asked.get(1, TimeUnit.MINUTES);
                if (answer.statusCode() == 200) {
                    answered++;
                } else {
                    RunningQuery.assertProblem(
                            answer,
                            503,
                            "Other questions are being answered, and this one has waited 5 s; try again later.");
                    assertThat(answer.headers().firstValue("Retry-After")).contains("1");
                }
            }
            assertThat(answered).isEqualTo(1);
        }
    }

    @Test
    void asksTheDatabaseOnceForAllWhoAskTheSame() throws Exception {
        try (var connection = query.database.connect();
                var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("lock table banner_month in access exclusive mode");
            String top = "/v1/banners/top?from=2019-01-01T00:00:00Z&to=2026-03-01T00:00:00Z";
            List<Future<HttpResponse<String>>> asked = new ArrayList<>();
            for (int asker = 0; asker < 50; asker++) {
                asked.add(threads.submit(() -> query.get(top)));
            }
            Await.until("one asks", () -> waitingStatements() == 1);
            connection.rollback();

            for (Future<HttpResponse<String>> one : asked) {
                assertThat(one.get(1, TimeUnit.MINUTES).body()).contains("{\"banner\":\"7\",\"v\":5,");
            }
        }
    }

    enum Leaving {
        CLOSES,
        RESETS,
        SENDS_NO_MORE;

        void leave(Socket client) throws IOException {
            if (this == SENDS_NO_MORE) {
                client.shutdownOutput();
                return;
            }
            if (this == RESETS) {
                client.setSoLinger(true, 0);
            }
            client.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    @EnabledOnOs(OS.LINUX)
    void cancelsTheStatementOfAClientThatHasGoneAndLetsTheNextQuestionIn(Leaving leaving) throws Exception {
        try (var connection = query.database.connect();
                var statement = connection.createStatement();
                var client = new Socket(InetAddress.getLoopbackAddress(), query.port())) {
            connection.setAutoCommit(false);
            statement.execute("lock table banner_month in access exclusive mode");
            ask(client, "/v1/banners/top?from=2018-01-01T00:00:00Z&to=2026-03-01T00:00:00Z");
            Await.until("the database is asked", () -> waitingStatements() == 1);

            leaving.leave(client);
            Await.until("the statement is cancelled", () -> waitingStatements() == 0);

            if (leaving == Leaving.SENDS_NO_MORE) {
                assertThat(client.getInputStream().readAllBytes()).isEmpty();
            }
            // There is only one place for expensive questions.
            Future<HttpResponse<String>> next = threads.submit(
                    () -> query.get("/v1/banners/top?from=2017-01-01T00:00:00Z&to=2026-03-01T00:00:00Z"));
            Await.until("the next question is asked", () -> waitingStatements() == 1);
            connection.rollback();
            assertThat(next.get(1, TimeUnit.MINUTES).body()).contains("{\"banner\":\"7\",\"v\":5,");
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void answersAClientWhoseQuestionIsCancelledForAnother() throws Exception {
        try (var connection = query.database.connect();
                var statement = connection.createStatement();
                var client = new Socket(InetAddress.getLoopbackAddress(), query.port())) {
            connection.setAutoCommit(false);
            statement.execute("lock table banner_month in access exclusive mode");
            String top = "/v1/banners/top?from=2015-01-01T00:00:00Z&to=2026-03-01T00:00:00Z";
            ask(client, top);
            Await.until("the database is asked", () -> waitingStatements() == 1);
            String first = startOfWaitingStatement();
            Future<HttpResponse<String>> other = threads.submit(() -> query.get(top));

            Leaving.CLOSES.leave(client);

            Await.until(
                    "the database is asked for the other client",
                    () -> waitingStatements() == 1 && !startOfWaitingStatement().equals(first));
            connection.rollback();
            assertThat(other.get(1, TimeUnit.MINUTES).body()).contains("{\"banner\":\"7\",\"v\":5,");
        }
    }

    private static void ask(Socket client, String target) throws IOException {
        client.getOutputStream()
                .write("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        .formatted(target)
                        .getBytes(US_ASCII));
    }

    private static String startOfWaitingStatement() throws SQLException {
        try (var connection = query.database.connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery("""
                        select coalesce(max(query_start)::text, '') from pg_stat_activity
                        where wait_event_type = 'Lock' and datname = current_database()""")) {
            row.next();
            return row.getString(1);
        }
    }

    private static int waitingStatements() throws SQLException {
        try (var connection = query.database.connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery("""
                        select count(*) from pg_stat_activity
                        where wait_event_type = 'Lock' and datname = current_database()""")) {
            row.next();
            return row.getInt(1);
        }
    }
}
