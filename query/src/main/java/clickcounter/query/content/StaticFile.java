package clickcounter.query.content;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
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
    /// Ask again each time; the answer is short when nothing has changed.
    public static final Header REVALIDATE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-cache");

    /// What is at this address will never be anything else.
    public static final Header IMMUTABLE =
            HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "public, max-age=31536000, immutable");

    /// Nothing but our own files is loaded, nothing inline is run, and no other site frames the pages.
    private static final List<Header> SECURITY = List.of(
            header(
                    "Content-Security-Policy",
                    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"),
            header("Cross-Origin-Opener-Policy", "same-origin"),
            header("Cross-Origin-Resource-Policy", "same-origin"));

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

    /// The end of `name` tells the content type.
    public StaticFile(String name, byte[] content) {
        String type = CONTENT_TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), CONTENT_TYPES.get("txt"));
        contentType = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, type);
        plain = content;
        gzipped = compress(content);
        plainTag = EntityTag.of(out -> out.write(plain));
        gzippedTag = EntityTag.of(out -> out.write(gzipped));
    }

    /// A resource that lies beside a class.
    public static StaticFile of(Class<?> beside, String name) {
        try (InputStream file = Objects.requireNonNull(beside.getResourceAsStream(name), name)) {
            return new StaticFile(name, file.readAllBytes());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Answers `GET` and `HEAD`.
    public void send(ServerRequest request, ServerResponse response, Header cacheControl) {
        boolean compressed =
                request.headers().first(HeaderNames.ACCEPT_ENCODING).orElse("").contains(GZIP);
        byte[] body = compressed ? gzipped : plain;
        EntityTag tag = compressed ? gzippedTag : plainTag;
        SECURITY.forEach(response::header);
        response.header(cacheControl);
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
        } catch (IOException inMemory) {
            throw new UncheckedIOException(inMemory);
        }
        return compressed.toByteArray();
    }

    private static Header header(String name, String value) {
        return HeaderValues.createCached(HeaderNames.create(name), value);
    }
}
