package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.RunningQuery;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Steps, zones, several banners, the busiest banners, totals, comparison, CSV, caching, and refusals.
class StatisticsApiTest {
    private static final String MARCH = "from=2024-03-01T00:00:00Z&to=2024-04-01T00:00:00Z";
    private static final String WEEKEND = "from=2024-03-30T00:00:00Z&to=2024-04-01T00:00:00Z";

    private static RunningQuery query;

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder, "STATS_MAX_ROWS", "3000");
        query.count(
                7,
                "2024-02-10 12:00Z=5",
                "2024-03-30 10:00Z=1",
                "2024-03-30 10:01Z=20",
                "2024-03-30 22:59Z=300",
                "2024-03-30 23:00Z=4000",
                "2024-03-31 23:59Z=50000");
        query.count(8, "2024-03-30 10:00Z=600000");
        query.count(9, "2024-03-31 12:00Z=4000", "2024-04-02 00:00Z=9");
        query.aggregator.rollUp(Instant.parse("2024-03-31T18:00:00Z"));
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    private static String body(String pathAndQuery) {
        HttpResponse<String> answer = query.get(pathAndQuery);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        return answer.body();
    }

    private static String post(String path, String json) {
        HttpResponse<String> answer = query.send(query.request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return answer.body();
    }

    @Test
    void answersGetLikePost() {
        String byGet = body("/v1/banners/stats/7?" + WEEKEND);

        assertThat(byGet).isEqualTo("""
                {"stats":[{"ts":"2024-03-30T10:00:00Z","v":1},{"ts":"2024-03-30T10:01:00Z","v":20},\
                {"ts":"2024-03-30T22:59:00Z","v":300},{"ts":"2024-03-30T23:00:00Z","v":4000},\
                {"ts":"2024-03-31T23:59:00Z","v":50000}]}""");
        assertThat(byGet)
                .isEqualTo(query.ask(7, "2024-03-30T00:00:00Z", "2024-04-01T00:00:00Z")
                        .body());
        assertThat(post("/v1/banners/stats/7", """
                {"from":"2024-03-30T00:00:00Z","to":"2024-04-01T00:00:00Z","step":"day","tz":"UTC","fill":"zero"}"""))
                .isEqualTo(body("/v1/banners/stats/7?fill=zero&step=day&tz=UTC&" + WEEKEND));
    }

    @ParameterizedTest(name = "{0} in {1}")
    @CsvSource(delimiter = '|', textBlock = """
            minute | Europe/Berlin  | 2024-03-30T11:00:00+01:00=1 2024-03-30T11:01:00+01:00=20 2024-03-30T23:59:00+01:00=300 2024-03-31T00:00:00+01:00=4000 2024-04-01T01:59:00+02:00=50000
            hour   | UTC            | 2024-03-30T10:00:00Z=21 2024-03-30T22:00:00Z=300 2024-03-30T23:00:00Z=4000 2024-03-31T23:00:00Z=50000
            day    | UTC            | 2024-03-30T00:00:00Z=4321 2024-03-31T00:00:00Z=50000
            day    | Europe/Berlin  | 2024-03-30T00:00:00+01:00=321 2024-03-31T00:00:00+01:00=4000 2024-04-01T00:00:00+02:00=50000
            day    | Asia/Kathmandu | 2024-03-30T00:00:00+05:45=21 2024-03-31T00:00:00+05:45=4300 2024-04-01T00:00:00+05:45=50000
            week   | UTC            | 2024-03-25T00:00:00Z=54321
            month  | UTC            | 2024-03-01T00:00:00Z=54321
            month  | Europe/Berlin  | 2024-03-01T00:00:00+01:00=4321 2024-04-01T00:00:00+02:00=50000
            total  | UTC            | 2024-03-01T00:00:00Z=54321
            total  | Europe/Berlin  | 2024-03-01T01:00:00+01:00=54321
            """)
    void countsInStepsOfAZone(String step, String zone, String expected) {
        String answer = body("/v1/banners/stats/7?step=%s&tz=%s&%s".formatted(step, zone, MARCH));

        assertThat(answer.replaceAll("\\{\"stats\":\\[|]}$", "")
                        .replaceAll("\\{\"ts\":\"([^\"]+)\",\"v\":(\\d+)},?", "$1=$2 ")
                        .strip())
                .isEqualTo(expected);
    }

    @Test
    void fillsStepsWithoutClicks() {
        assertThat(body("/v1/banners/stats/7?step=day&fill=zero&from=2024-03-29T12:00:00Z&to=2024-03-31T12:00:00Z"))
                .isEqualTo("""
                        {"stats":[{"ts":"2024-03-29T00:00:00Z","v":0},{"ts":"2024-03-30T00:00:00Z","v":4321},\
                        {"ts":"2024-03-31T00:00:00Z","v":0}]}""");
        assertThat(body("/v1/banners/stats/7?fill=zero&from=2024-03-30T10:01:00Z&to=2024-03-30T10:03:00Z"))
                .isEqualTo("""
                        {"stats":[{"ts":"2024-03-30T10:01:00Z","v":20},{"ts":"2024-03-30T10:02:00Z","v":0}]}""");
    }

    @Test
    void comparesWithThePeriodBefore() {
        assertThat(
                        body(
                                "/v1/banners/stats/7?step=day&compare=previous&from=2024-03-31T00:00:00Z&to=2024-04-01T00:00:00Z"))
                .isEqualTo("""
                        {"stats":[{"ts":"2024-03-31T00:00:00Z","v":50000}],\
                        "previous":{"from":"2024-03-30T00:00:00Z","to":"2024-03-31T00:00:00Z",\
                        "stats":[{"ts":"2024-03-30T00:00:00Z","v":4321}]}}""");
    }

    @Test
    void answersForSeveralBannersInTheGivenOrder() {
        String expected = """
                {"banners":[{"banner":"9","stats":[{"ts":"2024-03-31T00:00:00Z","v":4000}]},\
                {"banner":"7","stats":[{"ts":"2024-03-30T00:00:00Z","v":4321},{"ts":"2024-03-31T00:00:00Z","v":50000}]},\
                {"banner":"9223372036854775807","stats":[]}]}""";

        assertThat(body("/v1/banners/stats?banner=9&banner=7&banner=9223372036854775807&banner=9&step=day&" + WEEKEND))
                .isEqualTo(expected);
        assertThat(post("/v1/banners/stats", """
                {"banner":[9,"7",9223372036854775807],"step":"day","from":"2024-03-30T00:00:00Z","to":"2024-04-01T00:00:00Z"}""")).isEqualTo(expected);
        assertThat(post("/v1/banners/stats", """
                {"banner":8,"step":"day","from":"2024-03-30T00:00:00Z","to":"2024-04-01T00:00:00Z"}""")).isEqualTo("""
                        {"banners":[{"banner":"8","stats":[{"ts":"2024-03-30T00:00:00Z","v":600000}]}]}""");
    }

    @Test
    void answersTheBusiestBanners() {
        assertThat(body("/v1/banners/top?limit=2&" + MARCH)).isEqualTo("""
                {"total":658321,"banners":[{"banner":"8","v":600000,"share":0.911409},\
                {"banner":"7","v":54321,"share":0.082514}]}""");
        assertThat(body("/v1/banners/top?compare=previous&from=2024-03-31T00:00:00Z&to=2024-04-01T00:00:00Z"))
                .isEqualTo("""
                        {"total":54000,"banners":[{"banner":"7","v":50000,"share":0.925926,"previous":4321},\
                        {"banner":"9","v":4000,"share":0.074074,"previous":0}]}""");
        assertThat(body("/v1/banners/top?from=2020-03-31T00:00:00Z&to=2020-04-01T00:00:00Z"))
                .isEqualTo("{\"total\":0,\"banners\":[]}");
        // The smaller id comes first among banners with the same number of clicks.
        assertThat(body("/v1/banners/top?from=2024-03-30T23:00:00Z&to=2024-03-31T13:00:00Z"))
                .isEqualTo("""
                        {"total":8000,"banners":[{"banner":"7","v":4000,"share":0.5},{"banner":"9","v":4000,"share":0.5}]}""");
    }

    @Test
    void answersTheTotalsOfAllBanners() {
        assertThat(body("/v1/banners/totals?step=day&" + WEEKEND)).isEqualTo("""
                {"total":658321,"banners":3,"stats":[{"ts":"2024-03-30T00:00:00Z","v":604321},\
                {"ts":"2024-03-31T00:00:00Z","v":54000}]}""");
        assertThat(
                        body(
                                "/v1/banners/totals?step=total&compare=previous&from=2024-03-31T00:00:00Z&to=2024-04-01T00:00:00Z"))
                .isEqualTo("""
                        {"total":54000,"banners":2,"stats":[{"ts":"2024-03-31T00:00:00Z","v":54000}],\
                        "previous":{"from":"2024-03-30T00:00:00Z","to":"2024-03-31T00:00:00Z",\
                        "stats":[{"ts":"2024-03-30T00:00:00Z","v":604321}]}}""");
    }

    @Test
    void hasStepsOfTheSameTimeOfTheCalendarSideBySideInCsv() throws SQLException {
        // The clock of Berlin was put forward on 26 March 2023, from two to three o'clock.
        query.count(
                10,
                "2023-02-27 12:00Z=40",
                "2023-03-25 01:00Z=3",
                "2023-03-25 10:00Z=1",
                "2023-03-26 09:00Z=2",
                "2023-03-27 12:00Z=50",
                "2023-03-31 12:00Z=60");

        assertThat(csv("step=hour&tz=Europe/Berlin&from=2023-03-25T23:00:00Z&to=2023-03-26T22:00:00Z"))
                .isEqualTo("""
                        ts,v,previous_ts,previous
                        ,,2023-03-25T02:00:00+01:00,3
                        2023-03-26T11:00:00+02:00,2,2023-03-25T11:00:00+01:00,1
                        """);
        assertThat(csv("step=day&from=2023-03-01T00:00:00Z&to=2023-04-01T00:00:00Z"))
                .isEqualTo("""
                        ts,v,previous_ts,previous
                        2023-03-25T00:00:00Z,4,2023-02-25T00:00:00Z,0
                        2023-03-26T00:00:00Z,2,2023-02-26T00:00:00Z,0
                        2023-03-27T00:00:00Z,50,2023-02-27T00:00:00Z,40
                        2023-03-31T00:00:00Z,60,,
                        """);
    }

    private static String csv(String parameters) {
        return query.get("/v1/banners/stats/10?format=csv&compare=previous&" + parameters)
                .body()
                .replace("\r\n", "\n");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            stats/7?step=day                             | ts,v/2024-03-30T00:00:00Z,4321/2024-03-31T00:00:00Z,50000/
            stats/7?step=week&compare=previous           | ts,v,previous_ts,previous/2024-03-25T00:00:00Z,54321,2024-03-18T00:00:00Z,0/
            stats?banner=8&banner=9&step=day             | banner,ts,v/8,2024-03-30T00:00:00Z,600000/9,2024-03-31T00:00:00Z,4000/
            stats?banner=9&step=day&compare=previous     | banner,ts,v,previous_ts,previous/9,2024-03-31T00:00:00Z,4000,2024-03-29T00:00:00Z,0/
            top?limit=1                                  | banner,v,share/8,600000,0.911409/
            top?limit=1&compare=previous                 | banner,v,share,previous/8,600000,0.911409,0/
            totals?step=total                            | ts,v/2024-03-30T00:00:00Z,658321/
            """)
    void answersCsvWhenAskedTo(String pathAndQuery, String lines) {
        String uri = "/v1/banners/" + pathAndQuery + "&" + WEEKEND;
        HttpResponse<String> accepted = query.get(uri, "Accept", "text/csv");

        assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(200);
        assertThat(accepted.body()).isEqualTo(lines.replace("/", "\r\n"));
        assertThat(accepted.headers().firstValue("Content-Type")).contains("text/csv; charset=utf-8; header=present");
        assertThat(accepted.headers().firstValue("Content-Disposition"))
                .contains("attachment; filename=\"clicks.csv\"");
        assertThat(query.get(uri + "&format=csv").body()).isEqualTo(accepted.body());
        assertThat(query.get(uri, "Accept", "text/html, text/csv;q=0.9, */*;q=0.1")
                        .body())
                .isEqualTo(accepted.body());
        assertThat(query.get(uri, "Accept", "*/*").headers().firstValue("Content-Type"))
                .contains("application/json");
    }

    @Test
    void sendsAnUnchangedAnswerOnlyOnce() {
        String uri = "/v1/banners/stats/7?step=day&" + WEEKEND;
        HttpResponse<String> first = query.get(uri);
        String tag = first.headers().firstValue("ETag").orElseThrow();

        assertThat(first.headers().firstValue("Cache-Control")).contains("private, max-age=300");
        assertThat(first.headers().firstValue("Vary")).contains("Accept, Origin");
        assertThat(first.headers().firstValueAsLong("Content-Length"))
                .hasValue(first.body().length());
        for (String known : new String[] {tag, "W/" + tag, "\"other\", " + tag, "*"}) {
            HttpResponse<String> second = query.get(uri, "If-None-Match", known);
            assertThat(second.statusCode()).isEqualTo(304);
            assertThat(second.body()).isEmpty();
            assertThat(second.headers().firstValue("ETag")).contains(tag);
        }
        assertThat(query.get(uri, "If-None-Match", "\"other\"").statusCode()).isEqualTo(200);
        assertThat(query.get(uri, "Accept", "text/csv", "If-None-Match", tag).statusCode())
                .isEqualTo(200);
        assertThat(query.get(uri.replace("2024-04-01", "2024-03-31"), "If-None-Match", tag)
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void forbidsKeepingAnAnswerThatMayChange() {
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        for (String path : new String[] {"stats/7?", "stats?banner=7&", "top?", "totals?step=day&"}) {
            HttpResponse<String> answer = query.get("/v1/banners/" + path + "from=2024-03-30T00:00:00Z&to=" + now);
            assertThat(answer.headers().firstValue("Cache-Control")).contains("private, no-cache");
        }
    }

    @Test
    void answersHeadWithoutABody() {
        HttpResponse<String> get = query.get("/v1/banners/stats/7?" + WEEKEND);
        HttpResponse<String> head =
                query.send(query.request("/v1/banners/stats/7?" + WEEKEND).HEAD());

        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().firstValue("Content-Length"))
                .isEqualTo(get.headers().firstValue("Content-Length"));
        assertThat(head.headers().firstValue("ETag")).isEqualTo(get.headers().firstValue("ETag"));
        assertThat(query.get("/v1/banners/stats/7?" + WEEKEND).body()).isEqualTo(get.body());
    }

    @Test
    void sendsALongAnswerLikeAShortOne() {
        String range = "\"from\":\"2024-03-28T23:00:00Z\",\"to\":\"2024-03-31T01:00:00Z\"";
        String path = "/v1/banners/stats/7";
        String parameters = "?fill=zero&compare=previous&from=2024-03-28T23:00:00Z&to=2024-03-31T01:00:00Z";

        String byPost = post(path, "{%s,\"fill\":\"zero\",\"compare\":\"previous\"}".formatted(range));
        HttpResponse<String> byGet = query.get(path + parameters);
        HttpResponse<String> head = query.send(query.request(path + parameters).HEAD());

        assertThat(byPost.length()).isGreaterThan(ShortBody.MAX_BYTES);
        assertThat(byPost.split("\"ts\"", -1)).hasSize(1 + 2 * 3_000);
        assertThat(byGet.body()).isEqualTo(byPost);
        assertThat(head.headers().firstValueAsLong("Content-Length")).hasValue(byPost.length());
        assertThat(head.headers().firstValue("ETag")).isEqualTo(byGet.headers().firstValue("ETag"));
        String tag = head.headers().firstValue("ETag").orElseThrow();
        assertThat(query.get(path + parameters, "If-None-Match", tag).statusCode())
                .isEqualTo(304);
    }

    @Test
    void addsTheClicksOfTheLogToAllStatistics() throws SQLException {
        String today = "from=%s&to=%s"
                .formatted(
                        Instant.now().minusSeconds(3_600).truncatedTo(ChronoUnit.SECONDS),
                        Instant.now().plusSeconds(3_600).truncatedTo(ChronoUnit.SECONDS));
        query.log.append(70);
        query.log.append(71);
        query.log.append(71);
        query.aggregator.move(2);
        query.log.append(72);

        assertThat(body("/v1/banners/top?" + today)).isEqualTo("""
                {"total":4,"banners":[{"banner":"71","v":2,"share":0.5},{"banner":"70","v":1,"share":0.25},\
                {"banner":"72","v":1,"share":0.25}]}""");
        assertThat(body("/v1/banners/top?limit=1&" + today))
                .isEqualTo("{\"total\":4,\"banners\":[{\"banner\":\"71\",\"v\":2,\"share\":0.5}]}");
        assertThat(body("/v1/banners/totals?step=total&" + today)).startsWith("{\"total\":4,\"banners\":3,\"stats\":[");
        query.aggregator.move();
        assertThat(body("/v1/banners/totals?step=total&" + today)).startsWith("{\"total\":4,\"banners\":3,\"stats\":[");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            stats/7?stpe=day&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z | There is no parameter "stpe" here; the parameters are compare, fill, format, from, step, to, tz.
            top?step=day&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z     | There is no parameter "step" here; the parameters are compare, format, from, limit, to, tz.
            stats/7?step=year&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z | The parameter "step" is the string "year"; it must be one of minute, hour, day, week, month, total.
            stats/7?tz=Mars/Olympus&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z | The parameter "tz" is the string "Mars/Olympus"; it must be a time zone such as Europe/Berlin or UTC.
            stats/7?fill=one&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z | The parameter "fill" is the string "one"; it must be "zero".
            stats/7?compare=next&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z | The parameter "compare" is the string "next"; it must be "previous".
            stats/7?format=xml&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z | The parameter "format" is the string "xml"; it must be json or csv.
            stats/7?to=2024-03-30T00:00:00Z                                     | The parameter "from" is missing; it must be an RFC 3339 time such as 2024-01-01T00:00:00Z.
            stats/7?from=2024-03-30&to=2024-03-30T00:00:00Z                     | The parameter "from" is "2024-03-30", which is not an RFC 3339 time such as 2024-01-01T00:00:00Z.
            stats/7?from=2024-03-31T00:00:00Z&to=2024-03-30T00:00:00Z           | The parameter "from" is "2024-03-31T00:00:00Z", which is after "to", "2024-03-30T00:00:00Z".
            stats/7?from=2024-03-31T00:00:00Z&from=2024-03-31T00:00:00Z&to=2024-03-30T00:00:00Z | The parameter "from" is given 2 times; it must be given once.
            stats?from=2024-03-31T00:00:00Z&to=2024-03-30T00:00:00Z             | The parameter "banner" is missing; it must name 1 to 100 banners.
            stats?banner=7&banner=x&from=2024-03-31T00:00:00Z&to=2024-03-30T00:00:00Z | The banner id "x" is not a whole number from 1 to 9223372036854775807.
            top?limit=1001&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z    | The parameter "limit" is the string "1001"; it must be a whole number from 1 to 1000.
            top?limit=0&from=2024-03-30T00:00:00Z&to=2024-03-30T00:00:00Z       | The parameter "limit" is the string "0"; it must be a whole number from 1 to 1000.
            totals?from=2024-03-30T00:00:00Z&to=2024-04-30T00:00:00Z            | The answer would have at least 44640 rows, one for each step of each banner; at most 3000 are allowed. Ask for a shorter time, longer steps or fewer banners.
            stats?banner=7&banner=8&fill=zero&step=minute&from=2024-03-30T00:00:00Z&to=2024-03-31T01:01:00Z | The answer would have at least 3002 rows, one for each step of each banner; at most 3000 are allowed. Ask for a shorter time, longer steps or fewer banners.
            """)
    void refusesWhatItDoesNotUnderstand(String pathAndQuery, String sentence) {
        RunningQuery.assertProblem(query.get("/v1/banners/" + pathAndQuery), 400, sentence);
    }

    @Test
    void refusesMoreBannersThanAreAllowed() {
        var uri = new StringBuilder("/v1/banners/stats?step=total&" + WEEKEND);
        for (int banner = 1; banner <= 100; banner++) {
            uri.append("&banner=").append(banner);
        }
        assertThat(query.get(uri.toString()).statusCode()).isEqualTo(200);
        RunningQuery.assertProblem(
                query.get(uri + "&banner=101"), 400, "The request names 101 banners; at most 100 are allowed.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2024-03-30T12:00:00+02:00", "2024-03-30T12:00:00%2B02:00", "2024-03-30T06:00:00-04:00"})
    void understandsOffsetsHoweverTheyAreWritten(String from) {
        assertThat(body("/v1/banners/stats/7?step=total&from=" + from + "&to=2024-03-30T10:01:00Z"))
                .contains("\"v\":1}");
    }
}
