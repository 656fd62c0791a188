package clickcounter.query.counts;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;

/// Minutes as RFC 3339 text, in an array that is used again: `2024-01-01T10:00:00Z` in UTC, else with the
/// offset that the zone has at that moment. The date is computed once for a run of one day, the offset once for
/// all minutes in which the zone does not change it.
///
/// **Threads**: one.
public final class TimeText {
    private static final int MINUTES_PER_DAY = 1_440;
    private static final int HOUR_AT = 11;
    private static final int MINUTE_AT = 14;
    private static final int ZONE_AT = 19;

    private final ZoneRules rules;
    private final boolean isUtc;
    private final char[] text = "2024-01-01T10:00:00+00:00".toCharArray();
    private long day = Long.MIN_VALUE;

    private int offsetMinutes;
    private long offsetSince = Long.MAX_VALUE;
    private long offsetUntil = Long.MIN_VALUE;

    /// Of times in `zone`.
    public TimeText(ZoneId zone) {
        rules = zone.getRules();
        isUtc = zone.normalized().equals(ZoneOffset.UTC);
        if (isUtc) {
            text[ZONE_AT] = 'Z';
        }
    }

    /// The text is the first [#length()] characters of what is returned, until the next call.
    public char[] of(long minute) {
        if (!isUtc && (minute < offsetSince || minute >= offsetUntil)) {
            findOffset(minute);
        }
        long local = minute + offsetMinutes;
        long newDay = Math.floorDiv(local, MINUTES_PER_DAY);
        if (newDay != day) {
            day = newDay;
            String date = LocalDate.ofEpochDay(day).toString();
            date.getChars(0, date.length(), text, 0);
        }
        int minuteOfDay = Math.floorMod(local, MINUTES_PER_DAY);
        twoDigits(HOUR_AT, minuteOfDay / 60);
        twoDigits(MINUTE_AT, minuteOfDay % 60);
        return text;
    }

    /// The same as a string.
    public String string(long minute) {
        return new String(of(minute), 0, length());
    }

    /// How long each text is.
    public int length() {
        return isUtc ? ZONE_AT + 1 : text.length;
    }

    private void findOffset(long minute) {
        var time = Instant.ofEpochSecond(minute * 60);
        // RFC 3339 knows no seconds in offsets.
        offsetMinutes = rules.getOffset(time).getTotalSeconds() / 60;
        ZoneOffsetTransition before = rules.previousTransition(time.plusNanos(1));
        ZoneOffsetTransition after = rules.nextTransition(time);
        offsetSince = before == null ? Long.MIN_VALUE : Math.ceilDiv(before.toEpochSecond(), 60);
        offsetUntil = after == null ? Long.MAX_VALUE : Math.ceilDiv(after.toEpochSecond(), 60);
        text[ZONE_AT] = offsetMinutes < 0 ? '-' : '+';
        twoDigits(ZONE_AT + 1, Math.abs(offsetMinutes) / 60);
        twoDigits(ZONE_AT + 4, Math.abs(offsetMinutes) % 60);
    }

    private void twoDigits(int at, int number) {
        text[at] = (char) ('0' + number / 10);
        text[at + 1] = (char) ('0' + number % 10);
    }
}
