package clickcounter.query.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
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

/// Tests which pages of other origins may read statistics. A token is needed all the same.
final class CrossOriginTest {
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";
    private static final String ALLOWED = "https://ads.example.com";
    private static final String DAY = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z";
    private static final String QUESTION = "/v1/banners/stats/7?" + DAY;

    private static RunningQuery query;

    @BeforeAll
    static void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(
                folder, "STATS_TOKEN", TOKEN, "STATS_ORIGINS", "http://localhost:8080, https://ads.example.com");
    }

    @AfterAll
    static void stop() {
        query.close();
    }

    private static HttpResponse<String> ask(HttpRequest.Builder request, String origin) {
        return query.send(request.header("Origin", origin));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                QUESTION,
                "/v1/banners/top?" + DAY,
                "/v1/banners/totals?" + DAY,
                "/v1/banners/stats?banner=7&" + DAY
            })
    void pagesOfAnAllowedOriginReadTheAnswer(String path) {
        HttpResponse<String> answer = ask(query.request(path).header("Authorization", "Bearer " + TOKEN), ALLOWED);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).hasValue(ALLOWED);
        assertThat(answer.headers().firstValue("Access-Control-Expose-Headers").orElse(""))
                .contains("Stats-Complete-Until");
        assertThat(answer.headers().firstValue("Access-Control-Allow-Credentials"))
                .isEmpty();
        assertThat(answer.headers().firstValue("Vary").orElse("")).contains("Origin");
    }

    @Test
    void theyReadRefusalsToo() {
        HttpResponse<String> answer = ask(query.request(QUESTION), ALLOWED);

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).hasValue(ALLOWED);
    }

    @Test
    void theirBrowsersAskBeforeWithoutAToken() {
        HttpResponse<String> answer = ask(
                query.request(QUESTION)
                        .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                        .header("Access-Control-Request-Method", "POST")
                        .header("Access-Control-Request-Headers", "authorization,content-type"),
                ALLOWED);

        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).hasValue(ALLOWED);
        assertThat(answer.headers().firstValue("Access-Control-Allow-Methods").orElse(""))
                .contains("POST");
        assertThat(answer.headers().firstValue("Access-Control-Allow-Headers").orElse(""))
                .contains("Authorization", "Content-Type");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://example.com",
                "http://ads.example.com",
                "https://ads.example.com:8443",
                "https://ads.example.com.evil.example",
                "null",
                "*",
                ""
            })
    void pagesOfOtherOriginsReadNothing(String origin) {
        HttpResponse<String> answer = ask(query.request(QUESTION).header("Authorization", "Bearer " + TOKEN), origin);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().map()).doesNotContainKey("access-control-allow-origin");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ads.example.com",
                "https://ads.example.com/",
                "https://ADS.example.com",
                "https://*.example.com",
                "*,https://ads.example.com",
                "null"
            })
    void whatIsNoOriginIsRefusedAtTheStart(String origins) {
        assertThatThrownBy(() -> settings(origins))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("STATS_ORIGINS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "https://a.example,http://[::1]:8080", " https://a.example , "})
    void originsAreAList(String origins) {
        assertThatCode(() -> settings(origins)).doesNotThrowAnyException();
    }

    private static QuerySettings settings(String origins) {
        return QuerySettings.read(
                new SettingsReader(Map.of("DATABASE_URL", query.database.url(), "STATS_ORIGINS", origins)));
    }
}
