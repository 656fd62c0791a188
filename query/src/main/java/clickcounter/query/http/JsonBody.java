package clickcounter.query.http;

import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RequestBody;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpMediaType;
import io.helidon.http.Status;
import io.helidon.http.media.MediaContext;
import io.helidon.http.media.jackson.JacksonRuntimeException;
import io.helidon.http.media.jackson.JacksonSupport;
import io.helidon.webserver.http.ServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the JSON bodies of requests, strictly.
public final class JsonBody {
    /// How Jackson's messages begin. They continue with names of its classes and features, which say nothing to a
    /// client.
    private static final Pattern REASON = Pattern.compile("[^(:]{1,79}[^(: ]");

    private JsonBody() {}

    /// Returns the media support of the HTTP server, which reads JSON only.
    public static MediaContext mediaContext() {
        var mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
        return MediaContext.builder()
                .mediaSupportsDiscoverServices(false)
                .registerDefaults(false)
                .addMediaSupport(JacksonSupport.create(mapper))
                .build();
    }

    /// Returns the JSON object that the body of `request` is.
    static JsonNode object(ServerRequest request) throws Refusal {
        requireJson(request);
        JsonNode body = read(request);
        if (!body.isObject()) {
            throw Refusal.badRequest("""
                    The body is %s; it must be an object such as \
                    {"from":"2024-01-01T00:00:00Z","to":"2024-01-02T00:00:00Z"}.\
                    """.formatted(describe(body)));
        }
        return body;
    }

    /// Returns what `value` is, for messages.
    static String describe(JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL -> "null";
            case OBJECT, ARRAY -> "an " + value.getNodeType().name().toLowerCase(Locale.ROOT);
            case STRING -> "the string " + Problem.quote(value.textValue());
            case MISSING -> "empty";
            default -> "the %s %s".formatted(value.getNodeType().name().toLowerCase(Locale.ROOT), value.asText());
        };
    }

    private static void requireJson(ServerRequest request) throws Refusal {
        String text = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        if (text.isEmpty()) {
            throw new Refusal(
                    Status.UNSUPPORTED_MEDIA_TYPE_415, "The Content-Type is missing; it must be application/json.");
        }
        try {
            var type = HttpMediaType.create(text);
            boolean isJson = type.mediaType().text().equalsIgnoreCase(MediaTypes.APPLICATION_JSON.text());
            if (isJson && type.charset().orElse("utf-8").equalsIgnoreCase(StandardCharsets.UTF_8.name())) {
                return;
            }
        } catch (IllegalArgumentException notAMediaType) {
            // Refused below, like another type.
        }
        throw new Refusal(
                Status.UNSUPPORTED_MEDIA_TYPE_415,
                "The Content-Type is %s; it must be application/json in UTF-8.".formatted(Problem.quote(text)));
    }

    private static JsonNode read(ServerRequest request) throws Refusal {
        if (!request.content().hasEntity()) {
            return MissingNode.getInstance();
        }
        try {
            return RequestBody.as(request, JsonNode.class);
        } catch (JacksonRuntimeException failure) {
            if (failure.getCause() instanceof JsonProcessingException notJson) {
                throw Refusal.badRequest(describe(notJson));
            }
            throw failure;
        }
    }

    private static String describe(JsonProcessingException notJson) {
        Matcher reason = REASON.matcher(notJson.getOriginalMessage());
        var location = notJson.getLocation();
        String place =
                location == null ? "" : " (line %d, column %d)".formatted(location.getLineNr(), location.getColumnNr());
        return "The body is not valid JSON: %s%s."
                .formatted(reason.lookingAt() ? reason.group() : "it is damaged", place);
    }
}
