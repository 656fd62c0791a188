package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.RunningQuery;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tests the answers about minutes that were dropped. January is known only by hours.
class StatisticsRetentionTest {
    private static RunningQuery query;

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder);
        query.count(
                7, "2024-01-10 10:10Z=1", "2024-01-31 23:50Z=20", "2024-02-01 00:00Z=300", "2024-02-10 10:10Z=4000");
        query.aggregator.rollUp(Instant.parse("2024-02-20T00:00:00Z"));
        query.aggregator.dropPartitions(Instant.parse("2024-02-01T00:00:00Z"));
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    private static HttpResponse<String> ask(String parameters) {
        return query.get("/v1/banners/stats/7?" + parameters);
    }

    @Test
    void answersLongerStepsAsBefore() {
        assertThat(ask("step=day&from=2024-01-01T00:00:00Z&to=2024-03-01T00:00:00Z")
                        .body())
                .isEqualTo("""
                        {"stats":[{"ts":"2024-01-10T00:00:00Z","v":1},{"ts":"2024-01-31T00:00:00Z","v":20},\
                        {"ts":"2024-02-01T00:00:00Z","v":300},{"ts":"2024-02-10T00:00:00Z","v":4000}]}""");
        assertThat(ask("step=hour&tz=Europe/Berlin&from=2024-01-31T23:00:00Z&to=2024-03-01T00:00:00Z")
                        .body())
                .startsWith("{\"stats\":[{\"ts\":\"2024-02-01T00:00:00+01:00\",\"v\":20}");
        assertThat(query.get("/v1/banners/top?from=2024-01-01T00:00:00Z&to=2024-02-05T00:30:00Z")
                        .body())
                .isEqualTo("{\"total\":321,\"banners\":[{\"banner\":\"7\",\"v\":321,\"share\":1.0}]}");
    }

    @Test
    void saysWhichMinutesAreKept() {
        HttpResponse<String> answer = ask("from=2024-01-01T00:00:00Z&to=2024-03-01T00:00:00Z");

        assertThat(answer.body()).isEqualTo("""
                {"stats":[{"ts":"2024-02-01T00:00:00Z","v":300},{"ts":"2024-02-10T10:10:00Z","v":4000}]}""");
        assertThat(answer.headers().firstValue("Stats-Minutes-Since")).contains("2024-02-01T00:00:00Z");
        assertThat(ask("from=2024-02-01T00:00:00Z&to=2024-03-01T00:00:00Z")
                        .headers()
                        .firstValue("Stats-Minutes-Since"))
                .isEmpty();
    }

    @Test
    void refusesStepsThatNeedDroppedMinutes() {
        String sentence = """
                Clicks before 2024-02-01T00:00:00Z are known only by full hours in UTC, because minutes are dropped after \
                STATS_RETENTION_MINUTES; "from", "to" and the steps in the zone must begin at such hours.""";
        for (String parameters : new String[] {
            "step=total&from=2024-01-01T00:30:00Z&to=2024-03-01T00:00:00Z",
            "step=day&tz=Asia/Kathmandu&from=2024-01-01T00:00:00Z&to=2024-03-01T00:00:00Z",
        }) {
            RunningQuery.assertProblem(ask(parameters), 400, sentence);
        }
        assertThat(ask("step=day&tz=Asia/Kathmandu&from=2024-02-01T00:00:00Z&to=2024-03-01T00:00:00Z")
                        .statusCode())
                .isEqualTo(200);
    }
}
