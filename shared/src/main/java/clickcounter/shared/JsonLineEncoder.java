package clickcounter.shared;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// Encodes an event as one line of flat JSON: `timestamp` (ISO 8601, UTC), `level`, `process`, `logger`,
/// `thread`, `message`, and `stackTrace` if there is one. Logback's own JSON encoder nests its fields and repeats
/// its context in every line.
final class JsonLineEncoder extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = new byte[0];
    private static final DateTimeFormatter TIMESTAMP = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final String process;
    private final ThrowableProxyConverter stackTraces = new ThrowableProxyConverter();

    JsonLineEncoder(String process) {
        this.process = process;
    }

    @Override
    public void start() {
        stackTraces.start();
        super.start();
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        var line = new StringBuilder(256).append('{');
        append(line, "timestamp", TIMESTAMP.format(Instant.ofEpochMilli(event.getTimeStamp())));
        append(line, "level", event.getLevel().toString());
        append(line, "process", process);
        append(line, "logger", event.getLoggerName());
        append(line, "thread", event.getThreadName());
        append(line, "message", event.getFormattedMessage());
        if (event.getThrowableProxy() != null) {
            append(line, "stackTrace", stackTraces.convert(event).stripTrailing());
        }
        line.setCharAt(line.length() - 1, '}');
        return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void append(StringBuilder line, String name, String value) {
        line.append('"').append(name).append("\":\"").append(Json.escape(value)).append("\",");
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }
}
