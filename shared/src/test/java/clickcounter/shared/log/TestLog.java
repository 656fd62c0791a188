package clickcounter.shared.log;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.LogSettings.MinFree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;

/// A click log in a folder, and what tests do with it.
record TestLog(Path folder) {
    /// A click as it was read.
    record Click(long index, long bannerId, long timestampMillis) {}

    LogSettings settings() {
        return new LogSettings(folder, new MinFree(0, 0), Duration.ofMillis(10));
    }

    ClickWriter writer() {
        return ClickWriter.open(settings(), new Lifetime());
    }

    /// A writer with a clock that the test holds.
    ClickWriter writer(LongSupplier clock) {
        return ClickWriter.open(settings(), new Lifetime(), clock);
    }

    ClickReader reader() {
        return ClickReader.open(folder);
    }

    /// All clicks in the log, read by a new reader.
    List<Click> clicks() {
        try (var reader = reader()) {
            return rest(reader);
        }
    }

    List<Long> bannerIds() {
        return clicks().stream().map(Click::bannerId).toList();
    }

    /// What `reader` has not read yet.
    static List<Click> rest(ClickReader reader) {
        var clicks = new ArrayList<Click>();
        reader.read(
                Integer.MAX_VALUE,
                (index, bannerId, timestampMillis) -> clicks.add(new Click(index, bannerId, timestampMillis)));
        return clicks;
    }

    /// The files of the cycles, the oldest first.
    List<Path> cycleFiles() throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(SingleChronicleQueue.SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    /// Lets `append` write anything with Chronicle's own appender.
    void appendRaw(Consumer<ExcerptAppender> append) {
        try (var queue = LogFolder.open(folder, new MonotonicClock(System::currentTimeMillis, 0));
                var appender = queue.createAppender()) {
            append.accept(appender);
        }
    }
}
