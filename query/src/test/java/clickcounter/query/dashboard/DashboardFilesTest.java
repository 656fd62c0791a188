package clickcounter.query.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.Step;
import clickcounter.query.RunningQuery;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/// Tests the dashboard's files as the server sends them. What they do is tested in a browser, in end-to-end.
@TestInstance(Lifecycle.PER_CLASS)
class DashboardFilesTest {
    private static final List<String> PAGES = List.of("/", "/banners/7", "/start", "/docs");
    private static final Pattern LOADED = Pattern.compile("(?:href|src)=\"(/assets/[^\"]+)\"");
    private static final Pattern IMPORTED =
            Pattern.compile("from '\\./([^']+)'|^import '\\./([^']+)'", Pattern.MULTILINE);

    /// A line of the table `STEPS` in `steps.js`.
    private static final Pattern STEP = Pattern.compile("^ +(\\w+): \\{name: .*maxAutoMs", Pattern.MULTILINE);

    private RunningQuery query;

    @BeforeAll
    void start(@TempDir Path folder) throws SQLException {
        query = RunningQuery.start(folder);
    }

    @AfterAll
    void stop() {
        query.close();
    }

    @Test
    void pagesAreHtmlThatBrowsersRevalidateAndMayOnlyUseOurOwnFiles() {
        for (String path : PAGES) {
            HttpResponse<String> page = get(path);
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.body()).startsWith("<!doctype html>").doesNotContain("{{");
            assertThat(header(page, "Content-Type")).isEqualTo("text/html; charset=utf-8");
            assertThat(header(page, "Cache-Control")).isEqualTo("no-cache");
            assertThat(header(page, "Content-Security-Policy"))
                    .startsWith("default-src 'self';")
                    .contains("frame-ancestors 'none'")
                    .doesNotContain("unsafe");
            assertThat(header(page, "X-Content-Type-Options")).isEqualTo("nosniff");
            assertThat(header(page, "Referrer-Policy")).isEqualTo("no-referrer");
        }
    }

    @Test
    void everyFileThatAPageLoadsHasItsTypeAndIsKeptForEver() {
        Set<String> files = new TreeSet<>();
        for (String path : PAGES) {
            LOADED.matcher(get(path).body()).results().forEach(found -> collect(found.group(1), files));
        }
        assertThat(files).anyMatch(file -> file.endsWith("/uplot/uPlot.esm.js")).hasSizeGreaterThan(20);
        for (String file : files) {
            HttpResponse<String> asset = get(file);
            assertThat(asset.statusCode()).as(file).isEqualTo(200);
            assertThat(header(asset, "Cache-Control")).isEqualTo("public, max-age=31536000, immutable");
            assertThat(header(asset, "Content-Type"))
                    .isEqualTo(
                            file.endsWith(".css")
                                    ? "text/css; charset=utf-8"
                                    : file.endsWith(".svg") ? "image/svg+xml" : "text/javascript; charset=utf-8");
        }
    }

    /// Adds the file and everything that it imports.
    private void collect(String file, Set<String> files) {
        if (!files.add(file) || !file.endsWith("js")) {
            return;
        }
        String folder = file.substring(0, file.lastIndexOf('/') + 1);
        for (MatchResult imported : IMPORTED.matcher(get(file).body()).results().toList()) {
            collect(folder + (imported.group(1) == null ? imported.group(2) : imported.group(1)), files);
        }
    }

    @Test
    void theLibrariesIncludeTheirLicences() {
        for (String library : List.of("uplot", "js-yaml")) {
            HttpResponse<String> licence = get(assets() + library + "/LICENSE");
            assertThat(licence.body()).contains("Copyright", "Permission is hereby granted");
            assertThat(header(licence, "Content-Type")).isEqualTo("text/plain; charset=utf-8");
        }
    }

    @Test
    void aPageOfAnotherReleaseGetsTheFileButDoesNotKeepIt() {
        HttpResponse<String> asset = get("/assets/another/overview.js");
        assertThat(asset.statusCode()).isEqualTo(200);
        assertThat(header(asset, "Cache-Control")).isEqualTo("no-cache");
    }

    @Test
    void anUnchangedFileIsNotSentAgain() {
        for (String path : List.of("/", assets() + "overview.js")) {
            String tag = header(get(path), "ETag");
            HttpResponse<String> unchanged = query.send(query.request(path).header("If-None-Match", tag));
            assertThat(unchanged.statusCode()).isEqualTo(304);
            assertThat(unchanged.body()).isEmpty();
            assertThat(header(unchanged, "ETag")).isEqualTo(tag);
            assertThat(query.send(query.request(path).header("If-None-Match", "\"other\""))
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void aBrowserThatUnderstandsGzipGetsLess() throws IOException, InterruptedException {
        String path = assets() + "uplot/uPlot.esm.js";
        String plain = get(path).body();
        try (var client = HttpClient.newHttpClient()) {
            HttpResponse<byte[]> compressed = client.send(
                    query.request(path).header("Accept-Encoding", "gzip, br").build(), BodyHandlers.ofByteArray());
            assertThat(header(compressed, "Content-Encoding")).isEqualTo("gzip");
            assertThat(header(compressed, "Vary")).isEqualTo("Accept-Encoding");
            assertThat(compressed.body()).hasSizeLessThan(plain.length() / 2);
            byte[] unpacked = new GZIPInputStream(new ByteArrayInputStream(compressed.body())).readAllBytes();
            assertThat(new String(unpacked, StandardCharsets.UTF_8)).isEqualTo(plain);
        }
    }

    @Test
    void headSendsTheLengthAndOtherMethodsAreRefused() {
        for (String path : List.of("/", assets() + "theme.css")) {
            HttpResponse<String> head = query.send(query.request(path).method("HEAD", BodyPublishers.noBody()));
            assertThat(head.statusCode()).isEqualTo(200);
            assertThat(header(head, "Content-Length"))
                    .isEqualTo(Integer.toString(get(path).body().getBytes(StandardCharsets.UTF_8).length));
            HttpResponse<String> post = query.send(query.request(path).POST(BodyPublishers.ofString("x")));
            assertThat(post.statusCode()).isEqualTo(405);
            assertThat(header(post, "Allow")).isEqualTo("GET, HEAD");
        }
    }

    @Test
    void offersAllStepsOfTheApiExceptTotal() {
        assertThat(STEP.matcher(get(assets() + "steps.js").body()).results().map(step -> step.group(1)))
                .containsExactlyElementsOf(Stream.of(Step.values())
                        .filter(step -> step != Step.TOTAL)
                        .map(Step::word)
                        .toList());
    }

    @Test
    void otherNamesAreNotFound() {
        for (String name : List.of("none.js", "", "../pages/frame.html", "..%2fpages%2fframe.html", "uplot")) {
            assertThat(get(assets() + name).statusCode()).as(name).isEqualTo(404);
        }
        assertThat(get(assets() + "none.js").body()).contains("The dashboard has no file \\\"none.js\\\".");
    }

    /// Returns the current folder of the assets.
    private String assets() {
        var icon = Pattern.compile("href=\"(/assets/[^/]+/)icon.svg\"").matcher(get("/").body());
        assertThat(icon.find()).isTrue();
        return icon.group(1);
    }

    private HttpResponse<String> get(String path) {
        return query.send(query.request(path).GET());
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }
}
