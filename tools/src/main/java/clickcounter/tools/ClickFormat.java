package clickcounter.tools;

import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;

/// How a click is printed on a line.
enum ClickFormat {
    /// A line for people.
    TEXT(""),
    /// CSV as in RFC 4180, except that lines end with a line feed, as in the output of every other tool here.
    CSV("time,banner,position\n"),
    /// One JSON object on each line. The position is a string, because it exceeds the integers that JavaScript
    /// can hold.
    NDJSON("");

    /// Always with milliseconds, which [Instant#toString()] leaves out when they are 0.
    private static final DateTimeFormatter TIME =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

    private final String header;

    ClickFormat(String header) {
        this.header = header;
    }

    /// What is printed before the first click.
    String header() {
        return header;
    }

    /// The line of a click, with its end.
    String line(long index, long bannerId, long timestampMs) {
        String time = TIME.format(Instant.ofEpochMilli(timestampMs));
        return switch (this) {
            case TEXT -> time + "  banner " + bannerId + "  0x" + Long.toHexString(index) + "\n";
            case CSV -> time + "," + bannerId + "," + index + "\n";
            case NDJSON ->
                "{\"time\":\"" + time + "\",\"banner\":\"" + bannerId + "\",\"position\":\"" + index + "\"}\n";
        };
    }
}
