package clickcounter.shared.log;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.LogSettings.MinFree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// A log to be read by benchmarks.
public final class BenchmarkLog {
    private BenchmarkLog() {}

    /// Writes a new log of so many clicks, all banners equally often, in the present minute.
    public static Path of(int clicks, int banners) throws IOException {
        Path folder = Files.createTempDirectory("benchmark-log");
        append(folder, clicks, banners);
        return folder;
    }

    /// Appends clicks to it.
    public static void append(Path folder, int clicks, int banners) {
        var random = new SplittableRandom(1);
        var settings = new LogSettings(folder, new MinFree(1L << 30, 0), Duration.ofSeconds(1));
        try (ClickWriter writer = ClickWriter.open(settings, new Lifetime())) {
            for (int click = 0; click < clicks; click++) {
                writer.append(1 + random.nextInt(banners));
            }
        }
    }

    /// Deletes it.
    public static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
