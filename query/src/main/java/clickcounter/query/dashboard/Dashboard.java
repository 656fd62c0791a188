package clickcounter.query.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import clickcounter.query.http.AllowedMethods;
import clickcounter.query.http.EntityTag;
import clickcounter.query.http.StaticFile;
import clickcounter.shared.http.Problem;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/// Serves the dashboard: its pages, and the scripts and styles that they load from `/assets/`.
///
/// The address of an asset contains the hash of all assets: `/assets/{version}/overview.js`. So browsers keep
/// assets for ever, and after an upgrade they load all of them again and never mix old and new ones.
///
/// **Threads**: any.
public final class Dashboard implements HttpService {
    private static final String FOLDER = "/dashboard/";
    private static final String FRAME = "frame.html";

    private final SortedMap<String, byte[]> pages = ResourceFolder.read(FOLDER + "pages");
    private final SortedMap<String, StaticFile> assets = new TreeMap<>();
    private final String version;

    /// Reads all files.
    ///
    /// **Cost**: about 50 ms, once.
    public Dashboard() {
        var all = new ByteArrayOutputStream();
        ResourceFolder.read(FOLDER + "assets").forEach((name, content) -> {
            assets.put(name, new StaticFile(name, content));
            all.writeBytes(name.getBytes(UTF_8));
            all.writeBytes(content);
        });
        version = EntityTag.of(all::writeTo).hash();
    }

    @Override
    public void routing(HttpRules rules) {
        rules.any("/", page("overview", "Overview"))
                .any("/banners/{bannerID}", page("banner", "Banner"))
                .any("/start", page("start", "Add to a site"))
                .any("/docs", page("docs", "API"))
                .any("/assets/{version}/{+name}", new AllowedMethods(AllowedMethods.GET_AND_HEAD, this::sendAsset));
    }

    /// Puts a page into the frame that all pages share.
    private Handler page(String name, String title) {
        String html = text(FRAME)
                .replace("{{main}}", text(name + ".html"))
                .replace("{{title}}", title)
                .replace("{{page}}", name)
                .replace("{{assets}}", "/assets/" + version);
        return new StaticFile(FRAME, html.getBytes(UTF_8)).handler();
    }

    private String text(String page) {
        return new String(Objects.requireNonNull(pages.get(page), page), UTF_8);
    }

    private void sendAsset(ServerRequest request, ServerResponse response) {
        var parameters = request.path().pathParameters();
        StaticFile asset = assets.get(parameters.get("name"));
        if (asset == null) {
            new Problem(
                            Status.NOT_FOUND_404,
                            "The dashboard has no file %s.".formatted(Problem.quote(parameters.get("name"))))
                    .send(request, response);
            return;
        }
        // During an upgrade, another process may have sent the page of another release. Its browser gets the
        // file, but must not keep it.
        asset.send(request, response, parameters.get("version").equals(version));
    }
}
