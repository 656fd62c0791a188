package clickcounter.query.statistics;

import static clickcounter.query.RunningQuery.assertProblem;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.RunningQuery;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatisticsErrorsTest {
    private static final String GOOD = """
            {"from":"2024-01-01T00:00:00Z","to":"2024-01-02T00:00:00Z"}""";
    private static final String EXAMPLE = "an RFC 3339 time such as 2024-01-01T00:00:00Z.";

    private static RunningQuery query;

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder, "SERVICE_MAX_BODY", "4KiB");
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "-1",
                "+1",
                "1.5",
                "1e3",
                "0x10",
                "abc",
                "9223372036854775808",
                "99999999999999999999",
                "12a",
                "1,2"
            })
    void refusesIdsThatAreNotPositiveNumbersOf63Bits(String id) {
        assertProblem(
                query.ask(id, GOOD),
                400,
                "The banner id \"%s\" is not a whole number from 1 to 9223372036854775807.".formatted(id));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "9223372036854775807", "007", "%31"})
    void acceptsIdsThatAre(String id) {
        assertThat(query.ask(id, GOOD).statusCode()).isEqualTo(200);
    }

    static List<Arguments> badBodies() {
        return List.of(
                Arguments.of("", "The body is empty; it must be an object such as " + GOOD + "."),
                Arguments.of("[]", "The body is an array; it must be an object such as " + GOOD + "."),
                Arguments.of("null", "The body is null; it must be an object such as " + GOOD + "."),
                Arguments.of("5", "The body is the number 5; it must be an object such as " + GOOD + "."),
                Arguments.of("\"x\"", "The body is the string \"x\"; it must be an object such as " + GOOD + "."),
                Arguments.of("{}", "The field \"from\" is missing; it must be " + EXAMPLE),
                Arguments.of("""
                        {"from":"2024-01-01T00:00:00Z"}""", "The field \"to\" is missing; it must be " + EXAMPLE),
                Arguments.of("""
                        {"from":null,"to":"2024-01-01T00:00:00Z"}""", "The field \"from\" is null; it must be " + EXAMPLE),
                Arguments.of("""
                        {"from":"2024-01-01T00:00:00Z","to":1704067200}""", "The field \"to\" is the number 1704067200; it must be " + EXAMPLE),
                Arguments.of("""
                        {"from":true,"to":"2024-01-01T00:00:00Z"}""", "The field \"from\" is the boolean true; it must be " + EXAMPLE),
                Arguments.of("""
                        {"from":["2024-01-01T00:00:00Z"],"to":"2024-01-01T00:00:00Z"}""", "The field \"from\" is an array; it must be " + EXAMPLE),
                Arguments.of(
                        """
                        {"from":"2024-01-02T00:00:00Z","to":"2024-01-02T01:59:59.9+02:00"}""",
                        "The field \"from\" is \"2024-01-02T00:00:00Z\", which is after \"to\", \"2024-01-02T01:59:59.9+02:00\"."));
    }

    @ParameterizedTest
    @MethodSource("badBodies")
    void refusesBodiesThatAreNotAQuestion(String body, String sentence) {
        assertProblem(query.ask(1, body), 400, sentence);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "yesterday",
                "2024-01-01",
                "2024-01-01T00:00Z",
                "2024-01-01T00:00:00",
                "2024-01-01 00:00:00Z",
                "2024-01-01T00:00:00.Z",
                "2024-01-01T00:00:00,5Z",
                "2024-01-01T24:00:00Z",
                "2024-01-01T00:60:00Z",
                "2024-01-01T00:00:61Z",
                "2024-06-30T12:00:60Z",
                "2016-12-31T23:59:60Z",
                "2024-02-30T00:00:00Z",
                "2023-02-29T00:00:00Z",
                "2024-13-01T00:00:00Z",
                "2024-00-01T00:00:00Z",
                "2024-1-1T00:00:00Z",
                "12024-01-01T00:00:00Z",
                "-2024-01-01T00:00:00Z",
                "2024-01-01T00:00:00+0200",
                "2024-01-01T00:00:00+02",
                "2024-01-01T00:00:00+24:00",
                "2024-01-01T00:00:00+02:60",
                "2024-01-01T00:00:00+02:00:00",
                "2024-01-01T00:00:00Z[Europe/Berlin]",
                "2024-01-01T00:00:00Z ",
                "２024-01-01T00:00:00Z",
            })
    void refusesTimesThatAreNotRfc3339(String time) {
        assertProblem(
                query.ask(1, time, "2024-01-01T00:00:00Z"),
                400,
                "The field \"from\" is \"%s\", which is not %s".formatted(time, EXAMPLE));
    }

    static Stream<Arguments> notJson() {
        return Stream.of(
                Arguments.of("{", "Unexpected end-of-input (line 1, column 2)"),
                Arguments.of("{\"from\":}", "Unexpected character (line 1, column 9)"),
                Arguments.of("{'from':1}", "Unexpected character (line 1, column 2)"),
                Arguments.of(" \n ", "No content to map due to end-of-input (line 1, column 0)"),
                Arguments.of(GOOD + " x", "Unrecognized token 'x' (line 1, column 61)"),
                Arguments.of(GOOD + GOOD, "Trailing token (line 1, column 60)"),
                Arguments.of("{\"from\":\"a\",\"from\":\"b\"}", "Duplicate field 'from' (line 1, column 19)"),
                Arguments.of("{\"a\":{\"b\":1,\"b\":2}}", "Duplicate field 'b' (line 1, column 16)"),
                Arguments.of("[".repeat(2000), "Document nesting depth"),
                Arguments.of("{\"from\":" + "9".repeat(2000) + "}", "Number value length"));
    }

    @ParameterizedTest
    @MethodSource("notJson")
    void refusesBodiesThatAreNotJson(String body, String reason) {
        assertProblem(query.ask(1, body), 400, "The body is not valid JSON: %s.".formatted(reason));
    }

    @Test
    void shortensLongValuesInItsAnswer() {
        assertProblem(
                query.ask(1, "9".repeat(1000), "2024-01-01T00:00:00Z"),
                400,
                "The field \"from\" is \"%s…\" (1000 characters), which is not %s".formatted("9".repeat(64), EXAMPLE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/jsonp",
                "application/problem+json",
                "application/json; charset=iso-8859-1",
                "application/json; charset=utf-16",
                "json",
                "application/",
                "*/*"
            })
    void refusesOtherContentTypes(String type) {
        HttpResponse<String> answer = query.send(query.request("/v1/banners/stats/1")
                .header("Content-Type", type)
                .POST(BodyPublishers.ofString(GOOD)));

        assertProblem(answer, 415, "The Content-Type is \"%s\"; it must be application/json in UTF-8.".formatted(type));
    }

    @Test
    void refusesAMissingContentType() {
        HttpResponse<String> answer =
                query.send(query.request("/v1/banners/stats/1").POST(BodyPublishers.ofString(GOOD)));

        assertProblem(answer, 415, "The Content-Type is missing; it must be application/json.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "application/json; charset=utf-8",
                "application/json;charset=\"UTF-8\"",
                "Application/JSON",
                "application/json; profile=x"
            })
    void acceptsJsonWithParameters(String type) {
        HttpResponse<String> answer = query.send(query.request("/v1/banners/stats/1")
                .header("Content-Type", type)
                .POST(BodyPublishers.ofString(GOOD)));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    @Test
    void refusesClientsThatDoNotAcceptJson() {
        HttpResponse<String> answer = query.send(query.request("/v1/banners/stats/1")
                .header("Content-Type", "application/json")
                .header("Accept", "text/html")
                .POST(BodyPublishers.ofString(GOOD)));

        assertProblem(answer, 406, "The answer is application/json or text/csv; the Accept header lists neither.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "DELETE", "PATCH", "OPTIONS"})
    void refusesOtherMethodsForStatistics(String method) {
        HttpResponse<String> answer =
                query.send(query.request("/v1/banners/stats/1").method(method, BodyPublishers.noBody()));

        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow")).contains("GET, HEAD, POST");
        assertProblem(answer, 405, "The method \"%s\" is not allowed here; use GET, HEAD, POST.".formatted(method));
    }

    @Test
    void refusesOtherMethodsForTheHealthCheck() {
        HttpResponse<String> answer =
                query.send(query.request("/v1/healthcheck").POST(BodyPublishers.ofString("x")));

        assertThat(answer.headers().firstValue("Allow")).contains("GET, HEAD");
        assertProblem(answer, 405, "The method \"POST\" is not allowed here; use GET, HEAD.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1", "/v1/banners", "/v1/banners/stats/", "/v1/banners/stats/1/2", "/v2/healthcheck"})
    void answers404ForOtherPaths(String path) {
        for (String method : List.of("GET", "POST")) {
            HttpResponse<String> answer = query.send(query.request(path).method(method, BodyPublishers.noBody()));

            assertProblem(answer, 404, "There is nothing at the path \"%s\".".formatted(path));
        }
    }

    @Test
    void refusesTooLargeBodies() {
        String body = GOOD + " ".repeat(8192);

        assertProblem(query.ask(1, body), 413, "The body is larger than 4096 bytes.");
        HttpRequest.Builder chunked = query.request("/v1/banners/stats/1")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(body.getBytes(UTF_8))));
        assertProblem(query.send(chunked), 413, "The body is larger than 4096 bytes.");
    }

    @Test
    void answersTheHealthCheck() {
        HttpResponse<String> answer =
                query.send(query.request("/v1/healthcheck").GET());

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"status\":\"ok\"}");
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        HttpResponse<String> head = query.send(query.request("/v1/healthcheck").HEAD());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().firstValue("Content-Length")).contains("15");
        assertThat(query.send(query.request("/v1/healthcheck").GET()).statusCode())
                .isEqualTo(200);
    }
}
