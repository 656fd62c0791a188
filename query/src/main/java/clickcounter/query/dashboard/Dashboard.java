package clickcounter.query.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import clickcounter.query.content.EntityTag;
import clickcounter.query.content.StaticFile;
import clickcounter.shared.http.Problem;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
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

/// The dashboard: its pages, and the scripts and styles that these load from `/assets/`.
///
/// The address of an asset has the hash of all assets in it, `/assets/{version}/overview.js`. So browsers keep
/// assets for ever, and after an upgrade load all of them anew, never some old and some new.
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
    /// **Cost**: some 50 ms, once.
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
                .any("/assets/{version}/{+name}", getOrHead(this::sendAsset));
    }

    /// The page as it is sent: its content in the frame that all pages share.
    private Handler page(String name, String title) {
        String html = text(FRAME)
                .replace("{{main}}", text(name + ".html"))
                .replace("{{title}}", title)
                .replace("{{page}}", name)
                .replace("{{assets}}", "/assets/" + version);
        var file = new StaticFile(FRAME, html.getBytes(UTF_8));
        return getOrHead((request, response) -> file.send(request, response, StaticFile.REVALIDATE));
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
        // Another release's page, sent by another process during an upgrade, gets what there is, but does not
        // keep it.
        boolean isCurrent = parameters.get("version").equals(version);
        asset.send(request, response, isCurrent ? StaticFile.IMMUTABLE : StaticFile.REVALIDATE);
    }

    private static Handler getOrHead(Handler handler) {
        return (request, response) -> {
            Method method = request.prologue().method();
            if (method.equals(Method.GET) || method.equals(Method.HEAD)) {
                handler.handle(request, response);
                return;
            }
            response.header(HeaderNames.ALLOW, "GET, HEAD");
            new Problem(
                            Status.METHOD_NOT_ALLOWED_405,
                            "The method %s is not allowed here; use GET, HEAD.".formatted(Problem.quote(method.text())))
                    .send(request, response);
        };
    }
}
