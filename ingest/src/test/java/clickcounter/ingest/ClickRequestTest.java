package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

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

/// Which requests are recognised as plain clicks.
@Timeout(120)
class ClickRequestTest {
    private static final String HOST = "Host: localhost\r\n";
    private static final int MUTANTS = 50_000;

    private final ClickRequest request = new ClickRequest();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nhost:127.0.0.1:3000\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHOST: banners.example:443\r\nCONNECTION: Keep-Alive\r\n\r\n",
                "GET /v1/banners/counter/007 HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=\"d\"\r\nX-Empty:\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux)\r\nHost: a\r\nDNT:\t1\r\n\r\n"
            })
    void recognisesPlainClicks(String text) {
        assertThat(read(text + "GET /v1")).isTrue();
        assertThat(request.bannerId()).isEqualTo(7);
        assertThat(request.byteCount()).isEqualTo(text.length());
    }

    @ParameterizedTest
    @CsvFileSource(files = "../shared/src/test/resources/banner-ids.csv")
    void recognisesBannerIdsOfAtMostNineteenDigits(String text, @Nullable Long id) {
        boolean isRecognised = read("GET /v1/banners/counter/" + text + " HTTP/1.1\r\n" + HOST + "\r\n");

        assertThat(isRecognised).isEqualTo(id != null && text.length() <= 19);
        if (isRecognised) {
            assertThat(request.bannerId()).isEqualTo(id);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HEAD /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7?a=b HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET  /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.0\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\nHost: a\n\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost:\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a:\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a:b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: :80\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, upgrade\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname : b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname: \u0001\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname: é\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname: b\rc: d\r\n\r\n",
                "GET /v1/banners/counter/7 HTTP/1.1\r\nHost: a\r\nname: b\nc: d\r\n\r\n"
            })
    void leavesToHelidonWhatIsNot(String text) {
        assertThat(read(text)).isFalse();
    }

    @Test
    void leavesToHelidonWhatHasNotArrivedAsAWhole() {
        String whole = "GET /v1/banners/counter/7 HTTP/1.1\r\n" + HOST + "Accept: */*\r\n\r\n";
        for (int length = 1; length < whole.length(); length++) {
            assertThat(read(whole.substring(0, length))).isFalse();
        }
        assertThat(read(whole)).isTrue();
    }

    @Test
    void leavesToHelidonWhatIsTooLong() {
        String beginning = "GET /v1/banners/counter/7 HTTP/1.1\r\n" + HOST + "Cookie: ";
        int rest = ClickRequest.MAX_BYTES - beginning.length() - "\r\n\r\n".length();
        assertThat(read(beginning + "c".repeat(rest) + "\r\n\r\n")).isTrue();
        assertThat(read(beginning + "c".repeat(rest + 1) + "\r\n\r\n")).isFalse();
    }

    /// Changes random bytes of a plain click. Every such request that is recognised must be a click for Helidon,
    /// too, on the same banner and of the same length.
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
            try (HttpConnection connection = HttpConnection.to(helidon.port())) {
                for (int mutant = 0; mutant < MUTANTS; mutant++) {
                    String text = mutated(random);
                    if (read(text)) {
                        expected.add(request.bannerId());
                        assertThat(connection
                                        .send(text.substring(0, request.byteCount()))
                                        .answer()
                                        .status())
                                .as("seed %d: %s", seed, text)
                                .isEqualTo(204);
                    }
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
        var text = new StringBuilder("GET /v1/banners/counter/%d HTTP/1.1\r\n".formatted(random.nextInt(1, 1_000)));
        text.append(HOST).append("User-Agent: curl/8\r\nConnection: keep-alive\r\nX-Length: 0\r\n\r\n");
        String likely = " \t\r\n:;,/0123456789AZaz\u0000\u007fé";
        for (int change = random.nextInt(3); change > 0; change--) {
            int at = random.nextInt(text.length());
            char character = likely.charAt(random.nextInt(likely.length()));
            switch (random.nextInt(3)) {
                case 0 -> text.deleteCharAt(at);
                case 1 -> text.insert(at, character);
                default -> text.setCharAt(at, character);
            }
        }
        return text.toString();
    }

    private boolean read(String text) {
        return request.read(ByteBuffer.wrap(text.getBytes(ISO_8859_1)));
    }
}
