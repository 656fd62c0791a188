package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.BannerCounts;
import clickcounter.counts.Step;
import clickcounter.migrations.Database;
import clickcounter.query.RunningQuery;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.TestDatabase;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseAwayTest {
    @Test
    void answers503WhileTheDatabaseIsAwayAndTheTruthAfterwards(@TempDir Path folder) throws Exception {
        var database = TestDatabase.create();
        try (var proxy = FaultyProxy.start(database.url());
                var query = RunningQuery.start(database, proxy.url(database.url()), folder)) {
            query.log.append(1);
            query.aggregator.move();
            query.log.append(1);
            assertThat(query.clicks(1)).isEqualTo(2);

            proxy.refuse();
            proxy.cutAll();
            query.log.append(1);
            assertUnavailable(query.ask(1));
            assertThat(query.send(query.request("/v1/healthcheck").GET()).statusCode())
                    .isEqualTo(200);

            query.log.append(1);
            query.aggregator.move();
            query.log.append(1);
            proxy.accept();
            query.askUntil(1, answer -> answer.statusCode() == 200);
            assertThat(query.clicks(1)).isEqualTo(5);
        }
    }

    @Test
    void answersOverNewConnectionsWhenAllWereLost(@TempDir Path folder) throws Exception {
        var database = TestDatabase.create();
        try (var proxy = FaultyProxy.start(database.url());
                var query = RunningQuery.start(database, proxy.url(database.url()), folder)) {
            query.log.append(1);
            query.aggregator.move();

            for (int cut = 0; cut < 10; cut++) {
                assertThat(query.clicks(1)).isEqualTo(1);
                proxy.cutAll();
            }
        }
    }

    @Test
    void answers503AtOnceAsSoonAsItKnowsThatTheDatabaseIsAway(@TempDir Path folder) throws Exception {
        var database = TestDatabase.create();
        try (var proxy = FaultyProxy.start(database.url());
                var query = RunningQuery.start(database, proxy.url(database.url()), folder, "DATABASE_TIMEOUT", "1s")) {
            assertThat(query.clicks(1)).isZero();
            proxy.stall();
            query.askUntil(1, answer -> answer.statusCode() == 503);

            // Some requests may still wait for connections. After that, all answers come at once.
            HttpResponse<String> quick = query.askUntil(1, _ -> {
                long begin = System.nanoTime();
                assertUnavailable(query.ask(1));
                return System.nanoTime() - begin < Database.ACQUIRE_TIMEOUT.toNanos() / 2;
            });
            assertUnavailable(quick);

            proxy.resume();
            query.askUntil(1, answer -> answer.statusCode() == 200);
        }
    }

    private static void assertUnavailable(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Retry-After")).contains("1");
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.body()).contains("The database does not answer at the moment. Clicks are still counted.");
    }

    @Test
    void letsOnlyABoundedNumberOfRequestsWaitForAConnection(@TempDir Path folder) throws Exception {
        try (var parts = QueryParts.open(folder, 10);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Connection> all = new ArrayList<>();
            for (int connection = 0; connection < QueryParts.POOL_SIZE; connection++) {
                all.add(parts.database.connection());
            }
            int tooMany = QueryParts.POOL_SIZE + BannerCounts.MAX_WAITING + 7;
            long begin = System.nanoTime();
            List<Future<String>> failures = new ArrayList<>();
            for (int request = 0; request < tooMany; request++) {
                failures.add(threads.submit(failureOf(parts.counts)));
            }
            List<String> messages = new ArrayList<>();
            for (Future<String> failure : failures) {
                messages.add(failure.get());
            }

            assertThat(messages)
                    .filteredOn(message -> message.equals("more than 1000 requests wait for a connection"))
                    .hasSize(7);
            assertThat(messages)
                    .filteredOn(message -> message.contains("request timed out"))
                    .hasSize(tooMany - 7);
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isLessThan(Database.ACQUIRE_TIMEOUT.multipliedBy(3));
            for (Connection connection : all) {
                connection.close();
            }
            assertThat(failureOf(parts.counts).call()).isEqualTo("none");
        }
    }

    private static Callable<String> failureOf(BannerCounts counts) {
        return () -> {
            try {
                counts.rows(new long[] {1}, QueryParts.ALWAYS.total().steps(1), Step.MINUTE, 1_000);
                return "none";
            } catch (SQLException failure) {
                return String.valueOf(failure.getMessage());
            }
        };
    }
}
