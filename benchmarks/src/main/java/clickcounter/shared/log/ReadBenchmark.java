package clickcounter.shared.log;

import clickcounter.benchmarks.AverageTimeBenchmark;
import clickcounter.testing.TestFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// What does it cost to read a click from the log?
///
/// Measured: Chronicle's tailer, the check of the record and the call of the sink, for a log in the page cache
/// that is read again and again from its start. Not measured: what happens to the click afterwards.
///
/// `./run.sh jmh ReadBenchmark -prof gc`
public class ReadBenchmark extends AverageTimeBenchmark {
    private static final int CLICKS = 1_000_000;

    private Path folder;
    private ClickReader reader;
    private long sum;

    /// Writes the log; the banners do not matter.
    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory("read-benchmark");
        try (ClickWriter writer = AppendBenchmark.openLog(folder)) {
            for (int click = 0; click < CLICKS; click++) {
                writer.append(1 + (click & 1023));
            }
        }
        reader = ClickReader.open(folder);
    }

    /// Reads the whole log; the result is per click.
    @Benchmark
    @OperationsPerInvocation(CLICKS)
    public long read() {
        if (!reader.moveTo(ClickReader.START)) {
            throw new IllegalStateException("The log has no start.");
        }
        int read = reader.read(CLICKS, (_, bannerId, timestampMs) -> {
            sum += bannerId ^ timestampMs;
            return true;
        });
        if (read != CLICKS) {
            throw new IllegalStateException("%d of %d clicks were read.".formatted(read, CLICKS));
        }
        return sum;
    }

    /// Deletes the log.
    @TearDown
    public void close() throws IOException {
        reader.close();
        TestFiles.delete(folder);
    }
}
