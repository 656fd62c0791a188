package clickcounter.tools;

import java.time.Instant;

/// How a click is printed on a line.
enum ClickFormat {
    /// A line for people.
    TEXT("") {
        @Override
        void append(StringBuilder line, long index, long bannerId, long timestampMillis) {
            appendTime(line, timestampMillis).append("  banner ").append(bannerId);
            line.append("  0x").append(Long.toHexString(index)).append('\n');
        }
    },
    /// CSV as in RFC 4180, except that lines end with a line feed, as in the output of every other tool here.
    CSV("time,banner,position\n") {
        @Override
        void append(StringBuilder line, long index, long bannerId, long timestampMillis) {
            appendTime(line, timestampMillis).append(',').append(bannerId);
            line.append(',').append(index).append('\n');
        }
    },
    /// One JSON object on each line. The position is a string, because it exceeds the integers that JavaScript
    /// can hold.
    NDJSON("") {
        @Override
        void append(StringBuilder line, long index, long bannerId, long timestampMillis) {
            appendTime(line.append("{\"time\":\""), timestampMillis)
                    .append("\",\"banner\":\"")
                    .append(bannerId);
            line.append("\",\"position\":\"").append(index).append("\"}\n");
        }
    };

    private static final int MILLIS_PER_SECOND = 1_000;

    private final String header;

    ClickFormat(String header) {
        this.header = header;
    }

    /// What is printed before the first click.
    String header() {
        return header;
    }

    /// Adds a line, with its end.
    abstract void append(StringBuilder line, long index, long bannerId, long timestampMillis);

    /// Always with milliseconds, which [Instant#toString()] leaves out when they are 0.
    private static StringBuilder appendTime(StringBuilder line, long timestampMillis) {
        String seconds =
                Instant.ofEpochSecond(timestampMillis / MILLIS_PER_SECOND).toString();
        long millis = timestampMillis % MILLIS_PER_SECOND;
        return line.append(seconds, 0, seconds.length() - 1)
                .append(millis < 10 ? ".00" : millis < 100 ? ".0" : ".")
                .append(millis)
                .append('Z');
    }
}
