package clickcounter.shared.log.tool;

import java.time.Instant;

/// How a click looks on a line.
enum ClickFormat {
    /// For people.
    TEXT("") {
        @Override
        void append(StringBuilder line, long index, long bannerId, long timestampMillis) {
            appendTime(line, timestampMillis).append("  banner ").append(bannerId);
            line.append("  0x").append(Long.toHexString(index)).append('\n');
        }
    },
    /// As RFC 4180 has it, but for the line's end, which is that of every other tool here.
    CSV("time,banner,position\n") {
        @Override
        void append(StringBuilder line, long index, long bannerId, long timestampMillis) {
            appendTime(line, timestampMillis).append(',').append(bannerId);
            line.append(',').append(index).append('\n');
        }
    },
    /// One JSON object on each line. The position is text: it is larger than what JavaScript can count to.
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

    /// What stands before the first click.
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
