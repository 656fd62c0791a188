package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.ingest.ClickRequest.Kind;
import clickcounter.shared.Lifetime;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.RefusalReport;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.http.HttpRouting;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which requests a [ClickLoop] answers by itself.
@Timeout(120)
class ClickRequestTest {
    private static final String HOST = "Host: localhost\r\n";
    private static final int MUTANTS = 50_000;
    private static final int MAX_BODY = 1_000;

    private final ClickRequest request = new ClickRequest(MAX_BODY);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nhost:127.0.0.1:3000\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHOST: banners.example:443\r\nCONNECTION: Keep-Alive\r\n\r\n",
                "GET /v1/banners/counter/007 HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=\"d\"\r\nX-Empty:\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux)\r\nHost: a\r\nDNT:\t1\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nCookie: name=José\r\n\r\n",
                "GET /v1/banners/counter/7? HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7?cb=[timestamp]&c={clickid}&d=a|b&e=%%CACHEBUSTER%%&f=é#g HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.0\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.0\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
            })
    void recognisesClicks(String text) {
        assertThat(read(text + "GET /v1")).isEqualTo(Kind.CLICK);
        assertThat(request.bannerId()).isEqualTo(7);
        assertThat(request.byteCount()).isEqualTo(text.length());
        for (int length = 1; length < text.length(); length++) {
            assertThat(read(text.substring(0, length))).as("%d bytes", length).isEqualTo(Kind.INCOMPLETE);
        }
    }

    @ParameterizedTest
    @CsvFileSource(files = "../shared/src/test/resources/banner-ids.csv")
    void recognisesBannerIdsOfAtMostNineteenDigits(String text, @Nullable Long id) {
        Kind kind = read("GET /v1/banners/counter/" + text + " HTTP/1.1\r\n" + HOST + "\r\n");

        assertThat(kind).isEqualTo(id != null && text.length() <= 19 ? Kind.CLICK : Kind.OTHER);
        if (kind == Kind.CLICK) {
            assertThat(request.bannerId()).isEqualTo(id);
        }
    }

    @Test
    void judgesEachCharacterOfAQueryAndOfAHeaderWhereverItIs() {
        for (char character = 0; character < 0x100; character++) {
            boolean isVisible = character > ' ' && character != 0x7f;
            boolean isOfHeader = isVisible || character == ' ' || character == '\t';
            for (int at = 0; at < 17; at++) {
                String value = "v".repeat(at) + character + "v".repeat(16 - at);
                String query = "GET /v1/banners/counter/7?%s HTTP/1.1\r\n".formatted(value) + HOST;
                String header = "GET /v1/banners/counter/7 HTTP/1.1\r\nX-Y: %s\r\n".formatted(value) + HOST;

                assertThat(read(query + "\r\n"))
                        .as("query with %d at %d", (int) character, at)
                        .isEqualTo(isVisible ? Kind.CLICK : Kind.OTHER);
                assertThat(read(header + "\r\n"))
                        .as("header with %d at %d", (int) character, at)
                        .isEqualTo(isOfHeader ? Kind.CLICK : Kind.OTHER);
            }
        }
    }

    @Test
    void tellsWhatTheAnswerDependsOn() {
        read("POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n");
        assertThat(request.bodyBytes()).isEqualTo(12);
        assertThat(request.closes()).isFalse();
        assertThat(request.origin().isEmpty()).isTrue();

        read("GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: https://b\r\n\r\n");
        assertThat(request.bodyBytes()).isZero();
        assertThat(request.closes()).isTrue();
        ByteBuffer origin = ByteBuffer.allocate(Origin.MAX_BYTES);
        request.origin().writeTo(origin);
        assertThat(new String(origin.array(), 0, origin.position(), ISO_8859_1)).isEqualTo("https://b");

        read("GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nOrigin: https://%s\r\n\r\n".formatted("b".repeat(300)));
        assertThat(request.origin().isEmpty()).isTrue();

        read("GET /v1/banners/counter/7 HTTP/1.0\r\n\r\n");
        assertThat(request.closes()).isTrue();
        assertThat(request.origin().isEmpty()).isTrue();

        assertThat(read("HEAD /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n\r\n"))
                .isEqualTo(Kind.PROBE);
        assertThat(read("GET /v1/healthcheck HTTP/1.1\r\nHost: a\r\n\r\n")).isEqualTo(Kind.HEALTH_CHECK);
        assertThat(request.isHead()).isFalse();
        assertThat(read("HEAD /v1/healthcheck?x HTTP/1.1\r\nHost: a\r\n\r\n")).isEqualTo(Kind.HEALTH_CHECK);
        assertThat(request.isHead()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PUT /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /v1/healthcheck HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/healthchecks HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/0 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/ HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7/ HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7?a=\u0001 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7?a=\t HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7?a b HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET  /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.2\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\nHost: a\n\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost:\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a:\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a:b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: :80\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nConnection: close\r\nHost: a\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, upgrade\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: x\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 1 \r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname : b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname: \u0001\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname: b\rc: d\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname: b\nc: d\r\n\r\n"
            })
    void leavesToHelidonWhatIsNot(String text) {
        assertThat(read(text)).isEqualTo(Kind.OTHER);
        assertThat(ClickRequest.isWorthRelaying(bytes(text))).isTrue();
    }

    @Test
    void leavesToHelidonWhatIsTooLong() {
        String beginning = "GET /v1/banners/counter/7 HTTP/1.1\r\n" + HOST + "Cookie: ";
        int rest = ClickRequest.MAX_BYTES - beginning.length() - "\r\n\r\n".length();
        assertThat(read(beginning + "c".repeat(rest) + "\r\n\r\n")).isEqualTo(Kind.CLICK);
        assertThat(read(beginning + "c".repeat(rest + 1) + "\r\n\r\n")).isEqualTo(Kind.OTHER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /other HTTP/1.1\r\nHost: a\r\n", "GET /other", "G", "PRI", "GET / HTTP/1.1\r\n\r"})
    void keepsOtherRequestsUntilTheirHeadIsWhole(String text) {
        assertThat(ClickRequest.isWorthRelaying(bytes(text))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\r\n", "\u0016\u0003\u0001", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\n\n"})
    void passesOnAtOnceWhatHelidonCanAnswer(String text) {
        assertThat(ClickRequest.isWorthRelaying(bytes(text))).isTrue();
    }

    /// Changes random bytes of a click. Every such request that is recognised must be a click for Helidon, too, on
    /// the same banner and of the same length; but for the version HTTP/1.0 and the characters of the query string.
    @Test
    void isNeverLaxerThanHelidon(@TempDir Path folder) {
        long seed = new Random().nextInt(1_000_000);
        System.out.println("seed " + seed);
        var random = new Random(seed);
        IngestSettings settings = RunningIngest.settings(folder);
        var lifetime = new Lifetime();
        try (var writer = ClickWriter.open(settings.log(), lifetime);
                var refusals = RefusalReport.start("clicks", lifetime);
                var reader = ClickReader.open(settings.log().folder())) {
            var metrics = new PrometheusRegistry();
            HttpListener helidon = HttpListener.start(
                    settings.http(),
                    HttpRouting.builder()
                            .addFilter(new ClickFilter(writer, new ClickMetrics(writer, metrics), refusals)),
                    MediaContext.create(),
                    metrics);
            List<Long> expected = new ArrayList<>();
            String previous = "";
            try (HttpConnection connection = HttpConnection.to(helidon.port())) {
                for (int mutant = 0; mutant < MUTANTS; mutant++) {
                    String text = mutated(random);
                    Kind kind = read(text);
                    boolean isHeadWithBody = kind == Kind.PROBE && request.bodyBytes() > 0;
                    if (kind == Kind.INCOMPLETE
                            || kind == Kind.OTHER
                            || text.contains("HTTP/1.0")
                            || request.closes()
                            || isHeadWithBody) {
                        continue; // or it would end the connection
                    }
                    assertThat(kind).isEqualTo(text.startsWith("HEAD") ? Kind.PROBE : Kind.CLICK);
                    if (kind == Kind.CLICK) {
                        expected.add(request.bannerId());
                    }
                    int length = request.byteCount() + (int) request.bodyBytes();
                    String forHelidon = text.substring(0, length).replaceFirst("^(\\S+ [^ ?]*)\\?\\S*", "$1?a=b");
                    assertThat(connection.send(forHelidon).answer().status())
                            .as("seed %d: %s after %s", seed, forHelidon, previous)
                            .isEqualTo(204);
                    previous = forHelidon;
                }
            } finally {
                helidon.close();
            }
            List<Long> counted = new ArrayList<>();
            reader.read(Integer.MAX_VALUE, (_, bannerId, _) -> counted.add(bannerId));
            assertThat(counted).hasSizeGreaterThan(MUTANTS / 20).isEqualTo(expected);
        }
    }

    private static String mutated(Random random) {
        int body = random.nextInt(3);
        var text = new StringBuilder(random.nextBoolean() ? "GET " : random.nextInt(4) > 0 ? "POST " : "HEAD ");
        text.append("/v1/banners/counter/%d".formatted(random.nextInt(1, 1_000)));
        text.append(random.nextBoolean() ? "" : "?c={d}|[e]")
                .append(" HTTP/1.1\r\n")
                .append(HOST);
        text.append("User-Agent: curl/8\r\nConnection: keep-alive\r\nX-Length: 0\r\nContent-Length: ")
                .append(body);
        text.append("\r\n\r\n");
        String likely = " \t\r\n:;,/?0123456789AZaz\u0000\u007fé";
        for (int change = random.nextInt(3); change > 0; change--) {
            int at = random.nextInt(text.length());
            char character = likely.charAt(random.nextInt(likely.length()));
            switch (random.nextInt(3)) {
                case 0 -> text.deleteCharAt(at);
                case 1 -> text.insert(at, character);
                default -> text.setCharAt(at, character);
            }
        }
        return text.append("x".repeat(MAX_BODY)).toString();
    }

    private Kind read(String text) {
        return request.read(bytes(text));
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(ISO_8859_1));
    }
}
