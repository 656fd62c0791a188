package clickcounter.query.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;

/// A file of this release, ready to be sent: plain and compressed, each with its entity tag.
///
/// **Threads**: any.
public final class StaticFile {
    private static final Header REVALIDATE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-cache");
    private static final Header IMMUTABLE =
            HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "public, max-age=31536000, immutable");

    /// Pages load our own files only, run nothing inline, and are not shown in the frames of other sites.
    private static final List<Header> SECURITY = List.of(
            HeaderValues.createCached(
                    "Content-Security-Policy",
                    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"),
            HeaderValues.createCached("Cross-Origin-Opener-Policy", "same-origin"),
            HeaderValues.createCached("Cross-Origin-Resource-Policy", "same-origin"));

    private static final Map<String, String> CONTENT_TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "mjs", "text/javascript; charset=utf-8",
            "svg", "image/svg+xml",
            "yaml", "application/yaml",
            "txt", "text/plain; charset=utf-8");

    private static final String GZIP = "gzip";

    private final Header contentType;
    private final byte[] plain;
    private final byte[] gzipped;
    private final EntityTag plainTag;
    private final EntityTag gzippedTag;

    /// The extension of `name` determines the content type.
    public StaticFile(String name, byte[] content) {
        String type = CONTENT_TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), CONTENT_TYPES.get("txt"));
        contentType = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, type);
        plain = content;
        gzipped = compress(content);
        plainTag = EntityTag.of(out -> out.write(plain));
        gzippedTag = EntityTag.of(out -> out.write(gzipped));
    }

    /// Reads a resource that is next to a class.
    public static StaticFile of(Class<?> neighbor, String name) {
        try (InputStream file = Objects.requireNonNull(neighbor.getResourceAsStream(name), name)) {
            return new StaticFile(name, file.readAllBytes());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Returns a handler that sends the file, which browsers ask for each time; the answer is short if it has not
    /// changed.
    public Handler handler() {
        return new AllowedMethods(AllowedMethods.GET_AND_HEAD, (request, response) -> send(request, response, false));
    }

    /// Answers `GET` or `HEAD`.
    ///
    /// @param isImmutable whether this address will never have another content, so that browsers may keep it
    public void send(ServerRequest request, ServerResponse response, boolean isImmutable) {
        boolean compressed =
                request.headers().first(HeaderNames.ACCEPT_ENCODING).orElse("").contains(GZIP);
        byte[] body = compressed ? gzipped : plain;
        EntityTag tag = compressed ? gzippedTag : plainTag;
        SECURITY.forEach(response::header);
        response.header(isImmutable ? IMMUTABLE : REVALIDATE);
        response.header(HeaderNames.VARY, HeaderNames.ACCEPT_ENCODING.defaultCase());
        response.header(HeaderNames.ETAG, tag.text());
        if (tag.isIn(request.headers())) {
            response.status(Status.NOT_MODIFIED_304).send();
            return;
        }
        response.header(contentType);
        if (compressed) {
            response.header(HeaderNames.CONTENT_ENCODING, GZIP);
        }
        if (request.prologue().method().equals(Method.HEAD)) {
            response.contentLength(body.length);
            response.send();
            return;
        }
        response.send(body);
    }

    private static byte[] compress(byte[] content) {
        var compressed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(compressed)) {
            gzip.write(content);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return compressed.toByteArray();
    }
}
