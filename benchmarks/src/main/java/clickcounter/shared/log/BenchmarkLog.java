package clickcounter.shared.log;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.LogSettings.MinFree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;

/// A click log for benchmarks that read.
public final class BenchmarkLog {
    private BenchmarkLog() {}

    /// Writes a new log with clicks of the present minute on banners that are all equally likely.
    public static Path of(int clicks, int banners) throws IOException {
        Path folder = Files.createTempDirectory("benchmark-log");
        append(folder, clicks, banners);
        return folder;
    }

    /// Appends clicks to a log.
    public static void append(Path folder, int clicks, int banners) {
        var random = new SplittableRandom(1);
        var settings = new LogSettings(folder, new MinFree(1L << 30, 0), Duration.ofSeconds(1));
        try (ClickWriter writer = ClickWriter.open(settings, new Lifetime())) {
            for (int click = 0; click < clicks; click++) {
                writer.append(1 + random.nextInt(banners));
            }
        }
    }
}
