package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.RunningQuery;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatisticsTest {
    private static final String[] FIVE_MINUTES = {
        "2024-01-01 10:01Z=1",
        "2024-01-01 10:02Z=1",
        "2024-01-01 10:03Z=1",
        "2024-01-01 10:04Z=1",
        "2024-01-01 10:05Z=1"
    };

    private static RunningQuery query;

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder, "STATS_MAX_ROWS", "5");
        query.count(7, "2024-01-01 10:00Z=1", "2024-01-01 10:01Z=20", "2024-01-01 10:02Z=300");
        query.count(8, "2024-01-01 10:00Z=9");
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @Test
    void answersOneEntryForEachMinuteWithClicks() {
        HttpResponse<String> answer = query.ask(7, "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("""
                {"stats":[{"ts":"2024-01-01T10:00:00Z","v":1},{"ts":"2024-01-01T10:01:00Z","v":20},\
                {"ts":"2024-01-01T10:02:00Z","v":300}]}""");
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(RunningQuery.completeUntil(answer)).isNull();
    }

    @Test
    void answersAnEmptyListForABannerWithoutClicks() {
        HttpResponse<String> answer = query.ask(Long.MAX_VALUE);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"stats\":[]}");
    }

    @ParameterizedTest(name = "from {0} to {1}: {2} clicks")
    @CsvSource({
        // "from" is inclusive, "to" is exclusive.
        "2024-01-01T10:00:00Z, 2024-01-01T10:03:00Z, 321",
        "2024-01-01T10:00:00Z, 2024-01-01T10:02:00Z, 21",
        "2024-01-01T10:01:00Z, 2024-01-01T10:02:00Z, 20",
        "2024-01-01T10:01:00Z, 2024-01-01T10:01:00Z, 0",
        // A minute belongs to the answer if it begins between "from" and "to".
        "2024-01-01T10:00:00.000000001Z, 2024-01-01T10:03:00Z, 320",
        "2024-01-01T10:00:00.0000000000001Z, 2024-01-01T10:03:00Z, 320",
        "2024-01-01T09:59:59.999Z, 2024-01-01T10:03:00Z, 321",
        "2024-01-01T10:00:30Z, 2024-01-01T10:01:00.000001Z, 20",
        "2024-01-01T10:00:01Z, 2024-01-01T10:00:59Z, 0",
        "2024-01-01T10:00:00Z, 2024-01-01T10:00:01Z, 1",
        // Offsets
        "2024-01-01T12:01:00+02:00, 2024-01-01T12:02:00+02:00, 20",
        "2024-01-01T04:31:00-05:30, 2024-01-01T10:02:00Z, 20",
        "2024-01-01T10:01:00-00:00, 2024-01-01T10:02:00+00:00, 20",
        "2024-01-02T10:01:00+23:59, 2024-01-02T10:02:00+23:59, 300",
        // Lower case, all years
        "2024-01-01t10:01:00z, 2024-01-01t10:02:00z, 20",
        "0000-01-01T00:00:00Z, 9999-12-31T23:59:59.999999999Z, 321",
        "0000-01-01T00:00:00+23:59, 9999-12-31T23:59:59-23:59, 321",
        "0000-01-01T00:00:00Z, 1970-01-01T00:00:00Z, 0",
        "9999-12-31T23:59:59-23:59, 9999-12-31T23:59:59.5-23:59, 0",
    })
    void countsTheMinutesThatBeginBetweenFromAndTo(String from, String to, long clicks) {
        HttpResponse<String> answer = query.ask(7, from, to);

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(RunningQuery.sum(answer)).isEqualTo(clicks);
    }

    @Test
    void acceptsFieldsInAnyOrderAndIgnoresUnknownOnes() {
        HttpResponse<String> answer = query.ask(7, """
                {
                  "to": "2024-01-01T10:02:00Z",
                  "zone": ["Europe/Berlin", {"ignored": null}],
                  "from": "2024-01-01T10:01:00Z"
                }
                """);

        assertThat(answer.body()).isEqualTo("{\"stats\":[{\"ts\":\"2024-01-01T10:01:00Z\",\"v\":20}]}");
    }

    @Test
    void addsTheClicksOfTheLogToThoseOfTheDatabase() throws SQLException {
        query.log.append(100);
        query.log.append(101);
        query.log.append(100);
        query.aggregator.move(2);
        query.log.append(100);

        assertThat(query.clicks(100)).isEqualTo(3);
        assertThat(query.clicks(101)).isEqualTo(1);
        query.aggregator.move();
        assertThat(query.clicks(100)).isEqualTo(3);
        assertThat(query.clicks(101)).isEqualTo(1);
    }

    @Test
    void answersWithAsManyRowsAsAreAllowedAndRefusesMore() throws SQLException {
        query.count(200, "2024-01-01 10:00Z=1");
        query.count(200, FIVE_MINUTES);

        HttpResponse<String> most = query.ask(200, "2024-01-01T10:01:00Z", "2025-01-01T00:00:00Z");
        assertThat(RunningQuery.sum(most)).isEqualTo(5);
        HttpResponse<String> more = query.ask(200, "2024-01-01T10:00:00Z", "2025-01-01T00:00:00Z");
        RunningQuery.assertProblem(more, 400, """
                The answer would have at least 6 rows, one for each step of each banner; at most 5 are allowed. Ask \
                for a shorter time, longer steps or fewer banners.""");
    }

    @Test
    void appliesTheLimitToTheMinutesOfTheLogAsWell() throws SQLException {
        query.count(201, FIVE_MINUTES);
        query.log.append(201);

        assertThat(query.ask(201).statusCode()).isEqualTo(400);
    }

    @Test
    void doesNotApplyTheLimitToTheMinutesOfAStep() throws SQLException {
        query.count(202, "2024-01-01 10:00Z=1");
        query.count(202, FIVE_MINUTES);

        HttpResponse<String> total =
                query.get("/v1/banners/stats/202?step=total&from=2024-01-01T00:00:00Z&to=2025-01-01T00:00:00Z");
        assertThat(total.body()).isEqualTo("{\"stats\":[{\"ts\":\"2024-01-01T00:00:00Z\",\"v\":6}]}");
    }
}
