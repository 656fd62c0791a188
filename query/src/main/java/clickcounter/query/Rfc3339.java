package clickcounter.query;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Times as RFC 3339, section 5.6, writes them: `2024-01-01T10:00:00Z`, `2024-01-01t12:00:00.25+02:00`.
///
/// `java.time` reads a language of its own: it takes times without seconds and years of more than four digits,
/// and no leap seconds.
final class Rfc3339 {
    private static final Pattern DATE_TIME = Pattern.compile(
            "(\\d{4})-(\\d\\d)-(\\d\\d)[Tt](\\d\\d):(\\d\\d):(\\d\\d)(?:\\.(\\d{1,9})(\\d*))?(?:[Zz]|([+-])(\\d\\d):(\\d\\d))");

    private static final int LEAP_SECOND = 60;
    private static final int SECONDS_PER_DAY = 86_400;

    private Rfc3339() {}

    /// Empty when `text` is no such time. A leap second is the second after it; what is finer than a nanosecond
    /// is rounded up.
    static Optional<Instant> parse(String text) {
        Matcher matcher = DATE_TIME.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        try {
            int second = number(matcher, 6);
            boolean isLeapSecond = second == LEAP_SECOND;
            long localSecond = LocalDateTime.of(
                            number(matcher, 1),
                            number(matcher, 2),
                            number(matcher, 3),
                            number(matcher, 4),
                            number(matcher, 5),
                            isLeapSecond ? second - 1 : second)
                    .toEpochSecond(ZoneOffset.UTC);
            long epochSecond = localSecond - offsetSeconds(matcher) + (isLeapSecond ? 1 : 0);
            if (isLeapSecond && epochSecond % SECONDS_PER_DAY != 0) {
                return Optional.empty(); // they are added at the end of a day in UTC
            }
            return Optional.of(Instant.ofEpochSecond(epochSecond, nanoseconds(matcher)));
        } catch (DateTimeException noSuchDayOrTime) {
            return Optional.empty();
        }
    }

    private static long offsetSeconds(Matcher matcher) {
        if (matcher.group(9) == null) {
            return 0;
        }
        int hours = number(matcher, 10);
        int minutes = number(matcher, 11);
        if (hours > 23 || minutes > 59) {
            throw new DateTimeException("offset");
        }
        long seconds = hours * 3600L + minutes * 60L;
        return matcher.group(9).equals("-") ? -seconds : seconds;
    }

    private static long nanoseconds(Matcher matcher) {
        if (matcher.group(7) == null) {
            return 0;
        }
        String digits = matcher.group(7);
        boolean isFiner = matcher.group(8).chars().anyMatch(digit -> digit != '0');
        return Long.parseLong(digits + "0".repeat(9 - digits.length())) + (isFiner ? 1 : 0);
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }
}
