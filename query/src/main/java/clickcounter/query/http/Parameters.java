package clickcounter.query.http;

import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.http.BannerId;
import clickcounter.shared.http.Problem;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.helidon.http.Method;
import io.helidon.webserver.http.ServerRequest;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The parameters of a `GET` request, or the fields of a `POST` request's JSON body, which have the same names.
///
/// **Errors**: all methods throw a [Refusal] that names the parameter and its value.
public final class Parameters {
    private static final int MAX_BANNERS = 100;

    /// Clicks are counted from 1970 to the end of 9999; a time outside of it means the nearest of these limits.
    private static final long END_MINUTE = EpochMinute.of(Instant.parse("9999-12-31T23:59:00Z")) + 1;

    private static final String TIME = "an RFC 3339 time such as 2024-01-01T00:00:00Z";
    private static final String STEPS =
            Arrays.stream(Step.values()).map(Step::word).collect(Collectors.joining(", "));
    private static final Set<String> ZONES = ZoneId.getAvailableZoneIds();

    /// What messages call a parameter.
    private final String noun;

    private final Map<String, List<JsonNode>> values;
    private final Set<String> known = new TreeSet<>();

    private Parameters(String noun, Map<String, List<JsonNode>> values) {
        this.noun = noun;
        this.values = values;
    }

    public static Parameters of(ServerRequest request) throws Refusal {
        Map<String, List<JsonNode>> values = new LinkedHashMap<>();
        if (!request.prologue().method().equals(Method.POST)) {
            for (String name : request.query().names()) {
                List<String> texts = request.query().all(name);
                values.put(name, texts.stream().<JsonNode>map(TextNode::valueOf).toList());
            }
            return new Parameters("parameter", values);
        }
        JsonBody.object(request).properties().forEach(field -> {
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

    /// Returns the time that `from` and `to` enclose, in the zone `tz`.
    ///
    /// @param hasSteps whether `step` divides the time; if not, it is an unknown parameter
    public Period period(boolean hasSteps) throws Refusal {
        Step step = Step.TOTAL;
        if (hasSteps) {
            step = Step.of(word("step", Step.MINUTE.word())).orElseThrow(() -> wrong("step", "one of " + STEPS));
        }
        String zone = word("tz", "UTC");
        if (!ZONES.contains(zone)) {
            throw wrong("tz", "a time zone such as Europe/Berlin or UTC");
        }
        Instant from = time("from");
        Instant to = time("to");
        if (from.isAfter(to)) {
            throw Refusal.badRequest("The %s \"from\" is %s, which is after \"to\", %s."
                    .formatted(noun, quote(first("from")), quote(first("to"))));
        }
        return new Period(minute(from), minute(to), step, ZoneId.of(zone));
    }

    /// Returns whether `name` is given. Its only allowed value is `word`.
    public boolean has(String name, String word) throws Refusal {
        if (!word(name, word).equals(word)) {
            throw wrong(name, "\"%s\"".formatted(word));
        }
        return values.containsKey(name);
    }

    /// Returns whether `format` asks for CSV.
    public boolean asksForCsv() throws Refusal {
        String format = word("format", "json");
        if (!format.equals("json") && !format.equals("csv")) {
            throw wrong("format", "json or csv");
        }
        return format.equals("csv");
    }

    /// Returns each id in `banner` once, in the order given.
    public long[] bannerIds(boolean mayBeNone) throws Refusal {
        known.add("banner");
        var ids = new LinkedHashSet<Long>();
        for (JsonNode value : values.getOrDefault("banner", List.of())) {
            ids.add(bannerId(value.isTextual() || value.isIntegralNumber() ? value.asText() : value.toString()));
        }
        if (ids.size() > MAX_BANNERS) {
            throw Refusal.badRequest(
                    "The request names %d banners; at most %d are allowed.".formatted(ids.size(), MAX_BANNERS));
        }
        if (ids.isEmpty() && !mayBeNone) {
            throw Refusal.badRequest(
                    "The %s \"banner\" is missing; it must name 1 to %d banners.".formatted(noun, MAX_BANNERS));
        }
        return ids.stream().mapToLong(Long::longValue).toArray();
    }

    /// Returns the banner id that `text` is.
    public static long bannerId(String text) throws Refusal {
        long id = BannerId.parse(text, 0);
        if (id == BannerId.INVALID) {
            throw new Refusal(BannerId.problem(text));
        }
        return id;
    }

    /// Returns a whole number from 1 to `max`.
    public int integer(String name, int defaultValue, int max) throws Refusal {
        String text = word(name, Integer.toString(defaultValue));
        if (!text.matches("\\d{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > max) {
            throw wrong(name, "a whole number from 1 to " + max);
        }
        return Integer.parseInt(text);
    }

    /// Refuses parameters that no method was called for. Call it last.
    public void requireNothingElse() throws Refusal {
        for (String name : values.keySet()) {
            if (!known.contains(name)) {
                throw Refusal.badRequest("There is no %s %s here; the %ss are %s."
                        .formatted(noun, Problem.quote(name), noun, String.join(", ", known)));
            }
        }
    }

    /// Returns the text or number of a parameter that may be given once.
    private String word(String name, String defaultWord) throws Refusal {
        known.add(name);
        if (!values.containsKey(name)) {
            return defaultWord;
        }
        int count = values.get(name).size();
        if (count > 1) {
            throw Refusal.badRequest(
                    "The %s \"%s\" is given %d times; it must be given once.".formatted(noun, name, count));
        }
        JsonNode value = first(name);
        return value.isTextual() || value.isIntegralNumber() ? value.asText() : "";
    }

    private Instant time(String name) throws Refusal {
        String text = word(name, "");
        JsonNode value = first(name);
        if (value.isMissingNode()) {
            throw Refusal.badRequest("The %s \"%s\" is missing; it must be %s.".formatted(noun, name, TIME));
        }
        if (!value.isTextual()) {
            throw wrong(name, TIME);
        }
        // In the query part of an address, a plus sign that is not encoded means a space.
        return Rfc3339.parse(noun.equals("parameter") ? text.replace(' ', '+') : text)
                .orElseThrow(() -> Refusal.badRequest(
                        "The %s \"%s\" is %s, which is not %s.".formatted(noun, name, quote(value), TIME)));
    }

    private Refusal wrong(String name, String expected) {
        return Refusal.badRequest(
                "The %s \"%s\" is %s; it must be %s.".formatted(noun, name, JsonBody.describe(first(name)), expected));
    }

    private JsonNode first(String name) {
        List<JsonNode> all = values.getOrDefault(name, List.of());
        return all.isEmpty() ? MissingNode.getInstance() : all.getFirst();
    }

    private static String quote(JsonNode text) {
        return Problem.quote(text.textValue());
    }

    private static long minute(Instant time) {
        return Math.clamp(EpochMinute.ceil(time), 0, END_MINUTE);
    }
}
