package clickcounter.query.statistics;

import clickcounter.benchmarks.AverageTimeBenchmark;
import clickcounter.counts.BannerCounts;
import clickcounter.counts.CountStore;
import clickcounter.counts.Counts;
import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.query.http.Refusal;
import clickcounter.query.tail.LogTail;
import clickcounter.shared.Lifetime;
import clickcounter.shared.log.BenchmarkLog;
import clickcounter.shared.log.ClickReader;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// How long does an answer take for one day of a banner, with clicks that the database does not have yet?
///
/// Measured: the query in PostgreSQL, the wait for the end of the log and the scan of the kept clicks. Not
/// measured: HTTP and JSON.
///
/// `./run.sh jmh StatisticsBenchmark -prof gc`
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class StatisticsBenchmark extends AverageTimeBenchmark {
    private static final int BANNERS = 10_000;
    private static final long BANNER = 1;
    private static final long FROM_MINUTE = 29_000_000;
    private static final long MINUTES_PER_DAY = 1_440;
    private static final int MAX_ROWS = 1_000_000;

    /// The number of clicks in the log that the database does not have.
    @Param({"0", "100000"})
    private int uncommittedClicks;

    private Path folder;
    private TestDatabase testDatabase;
    private Database database;
    private LogTail tail;
    private ClickReader reader;
    private Statistics statistics;

    /// Fills the log and the database.
    @Setup
    public void open() throws IOException, SQLException {
        folder = BenchmarkLog.of(uncommittedClicks, BANNERS);
        testDatabase = TestDatabase.create();
        DatabaseSettings settings = DatabaseSettings.of(testDatabase.url());
        new Schema(settings).up();
        database = Database.connect(settings, "statistics-benchmark", 1);
        reader = ClickReader.open(folder);
        var clicks = new Counts.Builder((int) MINUTES_PER_DAY);
        for (long minute = FROM_MINUTE; minute < FROM_MINUTE + MINUTES_PER_DAY; minute++) {
            clicks.add(BANNER, minute, 7);
        }
        var store = new CountStore(database, reader.logId());
        store.flush(store.takeOver(), ClickReader.START, clicks.build());
        tail = LogTail.start(reader, ClickReader.START, 2_000_000, new Lifetime());
        var counts = new BannerCounts(database, 1, reader.logId());
        statistics = new Statistics(counts, tail, MAX_ROWS, Duration.ofSeconds(10));
    }

    /// Asks for one day.
    @Benchmark
    public Object oneDay() throws SQLException, Refusal {
        return statistics.series(
                new long[] {BANNER},
                new Period(FROM_MINUTE, FROM_MINUTE + MINUTES_PER_DAY, Step.MINUTE, ZoneOffset.UTC),
                false);
    }

    /// Drops everything.
    @TearDown
    public void close() throws IOException {
        tail.close();
        reader.close();
        database.close();
        testDatabase.close();
        TestFiles.delete(folder);
    }
}
