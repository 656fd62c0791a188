package clickcounter.query;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/// Serves the description of the API, which is kept by hand in `openapi.yaml`; a test holds it against the
/// server.
final class OpenApi {
    static final String PATH = "/openapi.yaml";

    private static final Header YAML = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/yaml");
    private static final Header KEEP = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "max-age=300");

    private final byte[] text;

    OpenApi() {
        try (InputStream file = Objects.requireNonNull(OpenApi.class.getResourceAsStream("openapi.yaml"))) {
            text = file.readAllBytes();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    void send(ServerResponse response) {
        response.header(YAML);
        response.header(KEEP);
        response.send(text);
    }

    void sendHead(ServerResponse response) {
        response.header(YAML);
        response.header(KEEP);
        response.contentLength(text.length);
        response.send();
    }
}
