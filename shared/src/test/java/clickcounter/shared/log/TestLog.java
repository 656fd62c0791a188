package clickcounter.shared.log;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.LogSettings.MinFree;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import net.openhft.chronicle.queue.ExcerptAppender;

/// A click log in a folder, and what tests do with it.
record TestLog(Path folder) {
    private static final long RAW_TIME_MS =
            Instant.parse("2026-01-01T10:00:00Z").toEpochMilli();

    record Click(long index, long bannerId, long timestampMs) {}

    LogSettings settings() {
        return new LogSettings(folder, new MinFree(0, 0), Duration.ofMillis(10));
    }

    ClickWriter writer() {
        return ClickWriter.open(settings(), new Lifetime());
    }

    /// Opens a writer with a clock that the test controls.
    ClickWriter writer(LongSupplier clock) {
        return ClickWriter.open(settings(), new Lifetime(), clock);
    }

    ClickReader reader() {
        return ClickReader.open(folder);
    }

    /// Returns all clicks in the log, read by a new reader.
    List<Click> clicks() {
        try (var reader = reader()) {
            return rest(reader);
        }
    }

    List<Long> bannerIds() {
        return clicks().stream().map(Click::bannerId).toList();
    }

    /// Returns the clicks that `reader` has not read yet.
    static List<Click> rest(ClickReader reader) {
        var clicks = new ArrayList<Click>();
        reader.read(
                Integer.MAX_VALUE,
                (index, bannerId, timestampMs) -> clicks.add(new Click(index, bannerId, timestampMs)));
        return clicks;
    }

    List<Path> cycleFiles() throws IOException {
        return LogFolder.cycleFiles(folder);
    }

    /// Lets `append` write anything with Chronicle's own appender, into a cycle at the start of 2026.
    void appendRaw(Consumer<ExcerptAppender> append) {
        try (var queue = LogFolder.open(folder, new MonotonicClock(() -> RAW_TIME_MS, 0));
                var appender = queue.createAppender()) {
            append.accept(appender);
        }
    }
}
