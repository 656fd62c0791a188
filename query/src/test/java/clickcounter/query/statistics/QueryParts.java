package clickcounter.query.statistics;

import clickcounter.counts.BannerCounts;
import clickcounter.counts.MinuteCounts;
import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseProbe;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.query.SteppedAggregator;
import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.Statistics.Answer;
import clickcounter.query.tail.LogTail;
import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/// The parts of query without HTTP and without the task that tells the tail the database's position, which tests
/// do themselves.
public final class QueryParts implements AutoCloseable {
    static final int POOL_SIZE = 4;
    static final Period ALWAYS = new Period(0, Integer.MAX_VALUE, Step.MINUTE, ZoneOffset.UTC);

    final TestDatabase testDatabase = TestDatabase.create();
    public final Lifetime lifetime = new Lifetime();
    final Database database;
    private final DatabaseProbe probe;
    final ClickWriter log;
    final SteppedAggregator aggregator;
    public final BannerCounts counts;
    public final LogTail tail;
    private final ClickReader reader;

    private QueryParts(Path folder, int maxKept) throws SQLException {
        var databaseSettings = DatabaseSettings.of(testDatabase.url());
        new Schema(databaseSettings).up();
        database = Database.connect(databaseSettings, "test", POOL_SIZE);
        probe = new DatabaseProbe(databaseSettings, "test-position");
        log = ClickWriter.open(
                LogSettings.read(new SettingsReader(Map.of("DATA_DIR", folder.toString(), "LOG_MIN_FREE", "0"))),
                lifetime);
        Path logFolder = folder.resolve("log");
        aggregator = SteppedAggregator.open(logFolder, databaseSettings);
        reader = ClickReader.open(logFolder);
        counts = new BannerCounts(database, probe, POOL_SIZE, reader.logId());
        tail = LogTail.start(reader, counts.position(), maxKept, lifetime);
    }

    public static QueryParts open(Path folder, int maxKept) throws SQLException {
        return new QueryParts(folder, maxKept);
    }

    /// Asks for all minutes of a banner.
    static Answer<List<MinuteCounts>> ask(Statistics statistics, long bannerId) throws SQLException, Refusal {
        return statistics.series(new long[] {bannerId}, ALWAYS, false, pass());
    }

    /// Lets one question in, whatever it costs.
    static Gate.Pass pass() throws Refusal {
        return new Gate(1, Duration.ZERO).admit(new Cost(0, Integer.MAX_VALUE, true));
    }

    static long sum(Answer<List<MinuteCounts>> answer) {
        return answer.counts().getFirst().total();
    }

    void execute(String sql) throws SQLException {
        try (var connection = testDatabase.connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        tail.close();
        reader.close();
        aggregator.close();
        log.close();
        probe.close();
        database.close();
        testDatabase.close();
    }
}
