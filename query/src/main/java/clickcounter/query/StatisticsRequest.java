package clickcounter.query;

import clickcounter.shared.http.Problem;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Locale;

/// What was asked for: the minutes of one banner that begin in a stretch of time.
///
/// @param fromMinute the first minute, as a number of minutes since 1970
/// @param toMinute the minute after the last one
record StatisticsRequest(long bannerId, long fromMinute, long toMinute) {
    private static final int SECONDS_PER_MINUTE = 60;

    /// There are clicks from 1970 to the end of 9999; times beyond ask for as much as these limits.
    private static final long END_MINUTE =
            Instant.parse("9999-12-31T23:59:00Z").getEpochSecond() / SECONDS_PER_MINUTE + 1;

    private static final String EXAMPLE = "an RFC 3339 time such as 2024-01-01T00:00:00Z";

    /// From the body `{"from": …, "to": …}`.
    ///
    /// **Errors**: [Refusal] that names the field and its value.
    static StatisticsRequest of(long bannerId, JsonNode body) throws Refusal {
        if (!body.isObject()) {
            throw Refusal.badRequest("""
                    The body is %s; it must be an object such as \
                    {"from":"2024-01-01T00:00:00Z","to":"2024-01-02T00:00:00Z"}.\
                    """.formatted(describe(body)));
        }
        Instant from = time(body, "from");
        Instant to = time(body, "to");
        if (from.isAfter(to)) {
            throw Refusal.badRequest("The field \"from\" is %s, which is after \"to\", %s."
                    .formatted(
                            Problem.quote(body.get("from").textValue()),
                            Problem.quote(body.get("to").textValue())));
        }
        return new StatisticsRequest(bannerId, minuteAtOrAfter(from), minuteAtOrAfter(to));
    }

    private static Instant time(JsonNode body, String field) throws Refusal {
        JsonNode value = body.get(field);
        if (value == null) {
            throw Refusal.badRequest("The field \"%s\" is missing; it must be %s.".formatted(field, EXAMPLE));
        }
        if (!value.isTextual()) {
            throw Refusal.badRequest(
                    "The field \"%s\" is %s; it must be %s.".formatted(field, describe(value), EXAMPLE));
        }
        return Rfc3339.parse(value.textValue())
                .orElseThrow(() -> Refusal.badRequest("The field \"%s\" is %s, which is not %s."
                        .formatted(field, Problem.quote(value.textValue()), EXAMPLE)));
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
}
