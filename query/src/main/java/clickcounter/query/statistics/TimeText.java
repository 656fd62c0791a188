package clickcounter.query.statistics;

import static clickcounter.counts.Unit.MINUTES_PER_DAY;

import clickcounter.shared.EpochMinute;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;

/// Writes minutes as RFC 3339 text: `2024-01-01T10:00:00Z` in UTC, and with the zone's offset at that time in
/// other zones.
///
/// **Threads**: one.
///
/// **Cost**: no allocation for most minutes. The array for the text is reused, the date is computed once for
/// consecutive minutes of one day, and the offset once for all minutes until the zone changes it.
public final class TimeText {
    private static final int HOUR_AT = 11;
    private static final int MINUTE_AT = 14;
    private static final int ZONE_AT = 19;

    private final ZoneRules rules;
    private final boolean isUtc;
    private final char[] text = "2024-01-01T10:00:00+00:00".toCharArray();
    private long day = Long.MIN_VALUE;

    private int offsetMinutes;
    private long offsetFromMinute = Long.MAX_VALUE;
    private long offsetToMinute = Long.MIN_VALUE;

    public TimeText(ZoneId zone) {
        rules = zone.getRules();
        isUtc = zone.normalized().equals(ZoneOffset.UTC);
        if (isUtc) {
            text[ZONE_AT] = 'Z';
        }
    }

    /// Returns an array whose first [#length()] characters are the text, until the next call.
    char[] of(long minute) {
        if (!isUtc && (minute < offsetFromMinute || minute >= offsetToMinute)) {
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

    public String string(long minute) {
        return new String(of(minute), 0, length());
    }

    int length() {
        return isUtc ? ZONE_AT + 1 : text.length;
    }

    private void findOffset(long minute) {
        var time = EpochMinute.start(minute);
        // RFC 3339 has no seconds in offsets.
        offsetMinutes = rules.getOffset(time).getTotalSeconds() / 60;
        ZoneOffsetTransition before = rules.previousTransition(time.plusNanos(1));
        ZoneOffsetTransition after = rules.nextTransition(time);
        offsetFromMinute = before == null ? Long.MIN_VALUE : EpochMinute.ceil(before.getInstant());
        offsetToMinute = after == null ? Long.MAX_VALUE : EpochMinute.ceil(after.getInstant());
        text[ZONE_AT] = offsetMinutes < 0 ? '-' : '+';
        twoDigits(ZONE_AT + 1, Math.abs(offsetMinutes) / 60);
        twoDigits(ZONE_AT + 4, Math.abs(offsetMinutes) % 60);
    }

    private void twoDigits(int at, int number) {
        text[at] = (char) ('0' + number / 10);
        text[at + 1] = (char) ('0' + number % 10);
    }
}
