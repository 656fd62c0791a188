package clickcounter.query.http;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Times as RFC 3339, section 5.6, writes them: `2024-01-01T10:00:00Z`, `2024-01-01t12:00:00.25+02:00`.
///
/// `java.time` alone reads another language: it accepts times without seconds and years of more than four digits,
/// and rejects offsets above 18 hours.
final class Rfc3339 {
    private static final Pattern DATE_TIME = Pattern.compile(
            "(\\d{4}-\\d\\d-\\d\\d)[Tt](\\d\\d:\\d\\d:\\d\\d)(?:(\\.\\d{1,9})(\\d*))?(?:[Zz]|([+-])(\\d\\d):(\\d\\d))");

    private Rfc3339() {}

    /// Returns the time that `text` is, rounded up to nanoseconds, or nothing if it is not such a time.
    static Optional<Instant> parse(String text) {
        Matcher matcher = DATE_TIME.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String fraction = matcher.group(3) == null ? "" : matcher.group(3);
        boolean isFiner = matcher.group(4) != null && matcher.group(4).chars().anyMatch(digit -> digit != '0');
        try {
            return Optional.of(LocalDateTime.parse(matcher.group(1) + "T" + matcher.group(2) + fraction)
                    .toInstant(ZoneOffset.UTC)
                    .minusSeconds(offsetSeconds(matcher))
                    .plusNanos(isFiner ? 1 : 0));
        } catch (DateTimeException noSuchDayOrTime) {
            return Optional.empty();
        }
    }

    private static long offsetSeconds(Matcher matcher) {
        if (matcher.group(5) == null) {
            return 0;
        }
        int hours = Integer.parseInt(matcher.group(6));
        int minutes = Integer.parseInt(matcher.group(7));
        if (hours > 23 || minutes > 59) {
            throw new DateTimeException("offset");
        }
        long seconds = hours * 3600L + minutes * 60L;
        return matcher.group(5).equals("-") ? -seconds : seconds;
    }
}
