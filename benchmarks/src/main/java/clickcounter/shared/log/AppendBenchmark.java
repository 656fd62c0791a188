package clickcounter.shared.log;

import clickcounter.benchmarks.AverageTimeBenchmark;
import clickcounter.shared.Lifetime;
import clickcounter.shared.log.LogSettings.MinFree;
import clickcounter.testing.TestFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// What does it cost to append a click to the log?
///
/// Measured: the lock, the encoding and Chronicle's append to the mapped file, while the keeper forces the log to
/// the disk in the background each second. Not measured: HTTP.
///
/// `./run.sh jmh AppendBenchmark -prof gc` (threads: `-t 2`)
public class AppendBenchmark extends AverageTimeBenchmark {
    private Path folder;
    private ClickWriter writer;
    private long bannerId;

    /// Opens a new log.
    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory("append-benchmark");
        writer = openLog(folder);
    }

    static ClickWriter openLog(Path folder) {
        return ClickWriter.open(
                new LogSettings(folder, new MinFree(1L << 30, 0), Duration.ofSeconds(1)), new Lifetime());
    }

    /// Appends one click; the banner does not matter.
    @Benchmark
    public void append() {
        writer.append(1 + (bannerId++ & 1023));
    }

    /// Deletes the log: some gigabytes.
    @TearDown
    public void close() throws IOException {
        writer.close();
        TestFiles.delete(folder);
    }
}
