package clickcounter.query.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.query.QuerySettings;
import clickcounter.query.RunningQuery;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Tests statistics that need a token, and the headers of every answer.
final class TokenTest {
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";
    private static final String DAY = """
            {"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}""";

    private static RunningQuery query;

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder, "STATS_TOKEN", TOKEN);
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer " + TOKEN, "bearer  " + TOKEN + " "})
    void answersARequestWithTheToken(String authorization) {
        assertThat(ask("/v1/banners/stats/7", authorization).statusCode()).isEqualTo(200);
    }

    @Test
    void refusesARequestWithoutAToken() {
        HttpResponse<String> answer = query.ask(7, DAY);

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("Bearer realm=\"statistics\"");
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.body()).isEqualTo("""
                {"type":"about:blank","title":"Unauthorized","status":401,"detail":"Statistics need a token here: send the header Authorization: Bearer, followed by it."}""");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Bearer 0123456789abcdef0123456789abcdeF",
                "Bearer 0123456789abcdef0123456789abcde",
                "Bearer 0123456789abcdef0123456789abcdef0",
                "Bearer",
                "Basic " + TOKEN,
                TOKEN
            })
    void refusesAnotherToken(String authorization) {
        HttpResponse<String> answer = ask("/v1/banners/stats/7", authorization);

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("WWW-Authenticate"))
                .hasValue("Bearer realm=\"statistics\", error=\"invalid_token\"");
        assertThat(answer.body()).doesNotContain(TOKEN);
    }

    /// Whatever a route would accept needs the token.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/banners/stats/7",
                "/v1/%62anners/stats/7",
                "/v%31/banners/stats/7",
                "/v1/banners/stats/7/",
                "/v1//banners/stats/7",
                "/x/../v1/banners/stats/7",
                "/v1/banners/stats/7;a=b",
                "/v1;a=b/banners/stats/7"
            })
    void noSpellingOfThePathGetsAroundIt(String path) {
        assertThat(ask(path, "Bearer wrong").statusCode()).isIn(400, 401, 404);
    }

    @Test
    void theHealthCheckIsOpen() {
        assertThat(query.send(query.request("/v1/healthcheck")).statusCode()).isEqualTo(200);
    }

    @Test
    void everyAnswerProtectsBrowsersAndNamesNoSoftware() {
        for (String path : new String[] {"/v1/healthcheck", "/v1/banners/stats/7", "/nothing"}) {
            HttpResponse<String> answer = query.send(query.request(path));
            assertThat(answer.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
            assertThat(answer.headers().firstValue("X-Frame-Options")).hasValue("DENY");
            assertThat(answer.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
            assertThat(answer.headers().map()).doesNotContainKeys("server", "x-powered-by", "via");
        }
    }

    @Test
    void aShortTokenIsRefusedAtTheStartAndNotPrinted() {
        var settings = new SettingsReader(Map.of("DATABASE_URL", query.database.url(), "STATS_TOKEN", "too-short"));
        assertThatThrownBy(() -> QuerySettings.read(settings))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("STATS_TOKEN")
                .hasMessageContaining("at least 32 bytes long")
                .hasMessageNotContaining("too-short");
    }

    private HttpResponse<String> ask(String path, String authorization) {
        return query.send(query.request(path)
                .header("Authorization", authorization)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(DAY)));
    }
}
