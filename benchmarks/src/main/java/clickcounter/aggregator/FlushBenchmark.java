package clickcounter.aggregator;

import clickcounter.counts.CountStore;
import clickcounter.counts.Counts;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.testing.TestDatabase;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// How long does a flush of 100 000 rows take?
///
/// Measured: the whole transaction up to the commit, on the PostgreSQL of tests. Not measured: collecting the
/// rows, and the disk, because the test server forces nothing to it (fsync is off); `./run.sh bench replay`
/// measures with fsync on.
///
/// `./run.sh jmh FlushBenchmark -prof gc`
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 5)
@Measurement(iterations = 20)
public class FlushBenchmark {
    private static final int ROWS = 100_000;

    /// Whether the rows are new, as in the first flush of a minute, or are added to those of the previous flush.
    @Param({"true", "false"})
    private boolean areNew;

    private TestDatabase testDatabase;
    private Database database;
    private CountStore store;
    private LogPosition position;
    private Counts counts;
    private long minute = 29_000_000;

    /// Creates the database.
    @Setup
    public void open() throws SQLException {
        testDatabase = TestDatabase.create();
        DatabaseSettings settings = DatabaseSettings.of(testDatabase.url());
        new Schema(settings).up();
        database = Database.connect(settings, "flush-benchmark", 1);
        store = new CountStore(database, UUID.randomUUID());
        position = store.takeOver();
    }

    /// Makes the rows of a minute in which each banner has one click.
    @Setup(Level.Iteration)
    public void count() {
        if (areNew) {
            minute++;
        }
        var bannerIds = new long[ROWS];
        Arrays.setAll(bannerIds, row -> row * 7_919L % ROWS + 1);
        var minutes = new long[ROWS];
        Arrays.fill(minutes, minute);
        var clicks = new long[ROWS];
        Arrays.fill(clicks, 1);
        counts = new Counts(bannerIds, minutes, clicks);
    }

    /// Flushes once.
    @Benchmark
    public void flush() throws SQLException {
        long lastIndex = position.lastIndex() + ROWS;
        if (!store.flush(position, lastIndex, counts)) {
            throw new IllegalStateException("The flush was refused.");
        }
        position = position.after(lastIndex);
    }

    /// Drops the database.
    @TearDown
    public void close() {
        database.close();
        testDatabase.close();
    }
}
