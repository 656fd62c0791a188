package clickcounter.aggregator;

import clickcounter.benchmarks.AverageTimeBenchmark;
import clickcounter.testing.TestFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// What does it cost to count a click in its minute, if clicks are folded on the heap per batch and then merged
/// into the Chronicle Map, or if they are merged into the map one by one?
///
/// Measured: one batch of clicks of one minute, with the merge into the shard. Not measured: reading the log,
/// opening and draining the shard.
///
/// `./run.sh jmh FoldBenchmark -prof gc`
public class FoldBenchmark extends AverageTimeBenchmark {
    private static final int CLICKS = 65_536;
    private static final long MINUTE = 29_000_000;
    private static final long TIME_MILLIS = MINUTE * 60_000;

    /// The number of banners, which are all equally likely.
    @Param({"100", "10000", "100000"})
    private int banners;

    private final long[] bannerIds = new long[CLICKS];
    private final BatchFold fold = new BatchFold(CLICKS, 64);
    private Path folder;
    private MinuteShards shards;

    /// Opens the shard.
    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory("fold-benchmark");
        shards = new MinuteShards(folder, 300_000, 1);
        var random = new SplittableRandom(1);
        for (int click = 0; click < CLICKS; click++) {
            bannerIds[click] = random.nextLong(1, banners + 1L);
        }
    }

    /// Empties the shard, as a flush does.
    @Setup(Level.Iteration)
    public void drain() {
        shards.drain();
    }

    /// Counts a batch as the aggregator does.
    @Benchmark
    @OperationsPerInvocation(CLICKS)
    public int foldedPerBatch() {
        for (long bannerId : bannerIds) {
            fold.add(bannerId, TIME_MILLIS);
        }
        fold.drainTo(shards::add);
        return shards.rows();
    }

    /// Counts a batch in the obvious way.
    @Benchmark
    @OperationsPerInvocation(CLICKS)
    public int mergedOneByOne() {
        for (long bannerId : bannerIds) {
            shards.add(bannerId, MINUTE, 1);
        }
        return shards.rows();
    }

    /// Deletes the shard.
    @TearDown
    public void close() throws IOException {
        shards.close();
        TestFiles.delete(folder);
    }
}
