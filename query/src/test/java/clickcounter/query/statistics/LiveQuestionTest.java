package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.query.http.ClientWatch;
import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.Statistics.Top;
import clickcounter.shared.http.RefusalReport;
import clickcounter.testing.Await;
import clickcounter.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The question that live events ask in their first minute waits for others like any question.
class LiveQuestionTest {
    /// Leaves one place for cheap questions.
    private static final int CONNECTIONS = 2;

    @Test
    void isRefusedWhileOthersHaveAllPlaces(@TempDir Path folder) throws Exception {
        try (var parts = QueryParts.open(folder, 100);
                var refusals = RefusalReport.start("questions", parts.lifetime);
                var clients = ClientWatch.start(parts.lifetime);
                var threads = Executors.newVirtualThreadPerTaskExecutor();
                var connection = parts.testDatabase.connect();
                var statement = connection.createStatement();
                var observer = parts.testDatabase.connect()) {
            var statistics =
                    new Statistics(parts.counts, parts.tail, 1_000, Duration.ofSeconds(5), InstantSource.system());
            var handler = new StatisticsHandler(statistics, CONNECTIONS, Duration.ofMinutes(1), refusals, clients);
            connection.setAutoCommit(false);
            statement.execute("lock table banner_minute in access exclusive mode");
            Future<Top> first = threads.submit(() -> handler.clicksOfMinute(1, List.of()));
            Await.until("the first question waits for the lock", () -> TestDatabase.number(observer, """
                            select count(*) from pg_stat_activity
                            where wait_event_type = 'Lock' and datname = current_database()""") == 1);

            assertThatThrownBy(() -> handler.clicksOfMinute(2, List.of()))
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining("Other questions are being answered");
            connection.rollback();
            assertThat(first.get(1, TimeUnit.MINUTES).total()).isZero();
        }
    }
}
