package clickcounter.query;

import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.shared.http.BannerId;
import clickcounter.shared.http.Problem;
import clickcounter.shared.http.RequestBody;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpMediaType;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.http.media.jackson.JacksonRuntimeException;
import io.helidon.webserver.http.ServerRequest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What a request asks with: the parameters of `GET`, or the fields of the JSON body of `POST`, under the same
/// names.
///
/// **Errors**: [Refusal] that names the parameter and its value.
final class Parameters {
    /// Most banners of one request.
    static final int MAX_BANNERS = 100;

    private static final int SECONDS_PER_MINUTE = 60;

    /// There are clicks from 1970 to the end of 9999; times beyond ask for as much as these limits.
    private static final long END_MINUTE =
            Instant.parse("9999-12-31T23:59:00Z").getEpochSecond() / SECONDS_PER_MINUTE + 1;

    private static final String TIME = "an RFC 3339 time such as 2024-01-01T00:00:00Z";
    private static final String STEPS =
            Arrays.stream(Step.values()).map(Step::word).collect(Collectors.joining(", "));
    private static final Set<String> ZONES = ZoneId.getAvailableZoneIds();
    private static final Pattern REASON = Pattern.compile("[^(:]{1,79}[^(: ]");

    /// How messages call one.
    private final String noun;

    private final Map<String, List<JsonNode>> values;
    private final Set<String> read = new TreeSet<>();

    private Parameters(String noun, Map<String, List<JsonNode>> values) {
        this.noun = noun;
        this.values = values;
    }

    static Parameters of(ServerRequest request) throws Refusal {
        if (!request.prologue().method().equals(Method.POST)) {
            Map<String, List<JsonNode>> values = new LinkedHashMap<>();
            for (String name : request.query().names()) {
                values.put(
                        name,
                        request.query().all(name).stream()
                                .<JsonNode>map(TextNode::valueOf)
                                .toList());
            }
            return new Parameters("parameter", values);
        }
        requireJson(request);
        JsonNode body = body(request);
        if (!body.isObject()) {
            throw Refusal.badRequest("""
                    The body is %s; it must be an object such as \
                    {"from":"2024-01-01T00:00:00Z","to":"2024-01-02T00:00:00Z"}.\
                    """.formatted(describe(body)));
        }
        Map<String, List<JsonNode>> values = new LinkedHashMap<>();
        body.properties().forEach(field -> {
            List<JsonNode> items = new ArrayList<>();
            if (field.getKey().equals("banner") && field.getValue().isArray()) {
                field.getValue().forEach(items::add);
            } else {
                items.add(field.getValue());
            }
            values.put(field.getKey(), items);
        });
        return new Parameters("field", values);
    }

    /// The time, the steps and the zone.
    Period period() throws Refusal {
        Step step = step();
        ZoneId zone = zone();
        Instant from = time("from");
        Instant to = time("to");
        if (from.isAfter(to)) {
            throw Refusal.badRequest(
                    "The %s \"from\" is %s, which is after \"to\", %s.".formatted(noun, quoted("from"), quoted("to")));
        }
        return new Period(minuteAtOrAfter(from), minuteAtOrAfter(to), step, zone);
    }

    /// Only the time; for answers without steps.
    Period periodWithoutSteps() throws Refusal {
        Period period = period();
        read.remove("step");
        return period.total();
    }

    /// Whether steps without clicks are wanted, too.
    boolean fillsWithZeros() throws Refusal {
        return has("fill", "zero");
    }

    /// Whether the period before is wanted, too.
    boolean comparesWithPrevious() throws Refusal {
        return has("compare", "previous");
    }

    /// Whether `format` asks for CSV.
    boolean asksForCsv() throws Refusal {
        String format = word("format", "json");
        if (!format.equals("json") && !format.equals("csv")) {
            throw wrong("format", "json or csv");
        }
        return format.equals("csv");
    }

    /// Each once, in the order asked.
    long[] bannerIds(boolean mayBeNone) throws Refusal {
        read.add("banner");
        var ids = new LinkedHashSet<Long>();
        for (JsonNode value : values.getOrDefault("banner", List.of())) {
            String text = value.isTextual() || value.isIntegralNumber() ? value.asText() : value.toString();
            long id = BannerId.parse(text, 0);
            if (id == BannerId.INVALID) {
                throw new Refusal(BannerId.problem(text));
            }
            ids.add(id);
        }
        if (ids.size() > MAX_BANNERS) {
            throw Refusal.badRequest(
                    "The request names %d banners; %d are the most of one request.".formatted(ids.size(), MAX_BANNERS));
        }
        if (ids.isEmpty() && !mayBeNone) {
            throw Refusal.badRequest("The %s \"banner\" is missing; it must be a banner id, once or up to %d times."
                    .formatted(noun, MAX_BANNERS));
        }
        return ids.stream().mapToLong(Long::longValue).toArray();
    }

    int integer(String name, int defaultValue, int most) throws Refusal {
        String text = word(name, Integer.toString(defaultValue));
        if (!text.matches("\\d{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > most) {
            throw wrong(name, "a whole number from 1 to " + most);
        }
        return Integer.parseInt(text);
    }

    /// To be called when all was read: what is left nobody understands.
    void requireNothingElse() throws Refusal {
        for (String name : values.keySet()) {
            if (!read.contains(name)) {
                throw Refusal.badRequest("There is no %s %s here; there are %s."
                        .formatted(noun, Problem.quote(name), String.join(", ", read)));
            }
        }
    }

    private Step step() throws Refusal {
        return Step.of(word("step", Step.MINUTE.word())).orElseThrow(() -> wrong("step", "one of " + STEPS));
    }

    private ZoneId zone() throws Refusal {
        String name = word("tz", "UTC");
        if (!ZONES.contains(name)) {
            throw wrong("tz", "a time zone such as Europe/Berlin or UTC");
        }
        return ZoneId.of(name);
    }

    private boolean has(String name, String word) throws Refusal {
        read.add(name);
        if (!values.containsKey(name)) {
            return false;
        }
        if (!word(name, "").equals(word)) {
            throw wrong(name, "\"%s\"".formatted(word));
        }
        return true;
    }

    /// The text or number of a parameter that may stand there once.
    private String word(String name, String defaultWord) throws Refusal {
        read.add(name);
        List<JsonNode> all = values.getOrDefault(name, List.of());
        if (all.isEmpty()) {
            return defaultWord;
        }
        if (all.size() > 1) {
            throw Refusal.badRequest(
                    "The %s %s stands there %d times; it must be once.".formatted(noun, quote(name), all.size()));
        }
        JsonNode value = all.getFirst();
        return value.isTextual() || value.isIntegralNumber() ? value.asText() : "";
    }

    private Instant time(String name) throws Refusal {
        if (!values.containsKey(name)) {
            read.add(name);
            throw Refusal.badRequest("The %s \"%s\" is missing; it must be %s.".formatted(noun, name, TIME));
        }
        String text = word(name, "");
        JsonNode value = first(name);
        if (!value.isTextual()) {
            throw Refusal.badRequest(
                    "The %s \"%s\" is %s; it must be %s.".formatted(noun, name, describe(value), TIME));
        }
        // In the query part of an address a plus sign that is not encoded means a space.
        String meant = noun.equals("parameter") ? text.replace(' ', '+') : text;
        return Rfc3339.parse(meant)
                .orElseThrow(() -> Refusal.badRequest(
                        "The %s \"%s\" is %s, which is not %s.".formatted(noun, name, Problem.quote(text), TIME)));
    }

    private Refusal wrong(String name, String expected) {
        return Refusal.badRequest(
                "The %s \"%s\" is %s; it must be %s.".formatted(noun, name, describe(first(name)), expected));
    }

    private JsonNode first(String name) {
        List<JsonNode> all = values.getOrDefault(name, List.of());
        return all.isEmpty() ? MissingNode.getInstance() : all.getFirst();
    }

    private String quoted(String name) {
        return quote(first(name).textValue());
    }

    private static String quote(String text) {
        return Problem.quote(text);
    }

    private static String describe(JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL -> "null";
            case OBJECT, ARRAY -> "an " + value.getNodeType().name().toLowerCase(Locale.ROOT);
            case STRING -> "the string " + Problem.quote(value.textValue());
            case MISSING -> "empty";
            default -> "the %s %s".formatted(value.getNodeType().name().toLowerCase(Locale.ROOT), value.asText());
        };
    }

    private static long minuteAtOrAfter(Instant time) {
        long wholeSeconds = time.getEpochSecond() + (time.getNano() > 0 ? 1 : 0);
        return Math.clamp(Math.ceilDiv(wholeSeconds, SECONDS_PER_MINUTE), 0, END_MINUTE);
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

    private static JsonNode body(ServerRequest request) throws Refusal {
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

    /// Jackson's sentences go on with names of its classes and features; their beginnings are for everyone.
    private static String describe(JsonProcessingException notJson) {
        Matcher reason = REASON.matcher(notJson.getOriginalMessage());
        String place = notJson.getLocation() == null
                ? ""
                : " (line %d, column %d)"
                        .formatted(
                                notJson.getLocation().getLineNr(),
                                notJson.getLocation().getColumnNr());
        return "The body is not valid JSON: %s%s."
                .formatted(reason.lookingAt() ? reason.group() : "it is damaged", place);
    }
}
