package clickcounter.aggregator;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.LogPosition;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.shared.Lifetime;
import clickcounter.shared.admin.AdminSettings;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.shared.log.LogSettings.MinFree;
import clickcounter.testing.Await;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import org.jspecify.annotations.Nullable;

/// A click log, the database that is to count it, and what must stand there when every click is counted once.
///
/// **Threads**: one at a time.
final class Scene implements AutoCloseable {
    /// Begins a minute and a cycle of the log.
    static final Instant START = Instant.parse("2026-03-01T10:00:00Z");

    private static final Duration OFTEN = Duration.ofMillis(50);
    private static final Duration RARELY = Duration.ofHours(1);
    private static final Duration FOR_EVER = Duration.ofDays(36_500);

    private static final int MAX_ROWS = 200_000;
    private static final int MAX_MINUTES = 60;

    private final Path folder;
    private final TestDatabase database = TestDatabase.create();
    private final AtomicLong clockMillis = new AtomicLong();
    private final Map<BannerMinute, Long> expected = new HashMap<>();
    private @Nullable ClickWriter writer;

    record BannerMinute(long bannerId, Instant minute) {}

    Scene() {
        new Schema(DatabaseSettings.of(database.url())).up();
        try {
            folder = Files.createTempDirectory("aggregator");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    Path folder() {
        return folder;
    }

    Path logFolder() {
        return folder.resolve("log");
    }

    String databaseUrl() {
        return database.url();
    }

    /// Flushes once for what is there at its start, then only when it must.
    AggregatorSettings settings() {
        return settings(MAX_ROWS, MAX_MINUTES);
    }

    AggregatorSettings settings(int maxRows, int maxMinutes) {
        return settings(folder, ownDatabase(), FOR_EVER, RARELY, maxRows, maxMinutes);
    }

    /// Flushes all the time.
    AggregatorSettings busySettings() {
        return busySettings(ownDatabase());
    }

    AggregatorSettings busySettings(DatabaseSettings databaseSettings) {
        return settings(folder, databaseSettings, FOR_EVER, OFTEN, MAX_ROWS, MAX_MINUTES);
    }

    AggregatorSettings busySettings(Duration logRetention) {
        return settings(folder, ownDatabase(), logRetention, OFTEN, MAX_ROWS, MAX_MINUTES);
    }

    /// As on another host, with a folder of its own.
    AggregatorSettings settings(Path otherFolder) {
        return settings(otherFolder, ownDatabase(), FOR_EVER, RARELY, MAX_ROWS, MAX_MINUTES);
    }

    private static AggregatorSettings settings(
            Path folder,
            DatabaseSettings databaseSettings,
            Duration logRetention,
            Duration flushInterval,
            int maxRows,
            int maxMinutes) {
        return new AggregatorSettings(
                folder.resolve("log"),
                folder.resolve("live"),
                databaseSettings,
                logRetention,
                Long.MAX_VALUE,
                FOR_EVER,
                flushInterval,
                maxRows,
                maxMinutes,
                2,
                AdminSettings.anyPort());
    }

    private DatabaseSettings ownDatabase() {
        return DatabaseSettings.of(database.url());
    }

    /// Appends a click as ingest does, at that time.
    void click(long bannerId, Instant time) {
        clockMillis.set(time.toEpochMilli());
        writer().append(bannerId);
        expect(bannerId, time, 1);
    }

    void clicks(long bannerId, Instant time, int count) {
        for (int number = 0; number < count; number++) {
            click(bannerId, time);
        }
    }

    /// Another writer, as a second ingest process with a clock of its own would have.
    ClickWriter openWriter(Instant time) {
        return ClickWriter.open(logSettings(), new Lifetime(), time::toEpochMilli);
    }

    /// Appends what is not necessarily a click, past everything of ours.
    void appendRaw(Instant time, Consumer<ExcerptAppender> appending) {
        try (var queue = SingleChronicleQueueBuilder.binary(logFolder())
                        .rollCycle(RollCycles.TEN_MINUTELY)
                        .timeProvider(time::toEpochMilli)
                        .build();
                ExcerptAppender appender = queue.createAppender()) {
            appending.accept(appender);
        }
    }

    void expect(long bannerId, Instant time, long clicks) {
        expected.merge(new BannerMinute(bannerId, time.truncatedTo(ChronoUnit.MINUTES)), clicks, Long::sum);
    }

    long expectedClicks() {
        return expected.values().stream().mapToLong(Long::longValue).sum();
    }

    int expectedRows() {
        return expected.size();
    }

    /// Takes over, counts all that is there, and stops.
    void countAll() {
        Aggregator.start(settings(), new Lifetime()).close();
    }

    /// Every click of the log is in the database once, and the position there is the log's end.
    void assertAllIsCountedOnce() {
        assertThat(counted()).isEqualTo(expected);
        assertThat(position().lastIndex()).isEqualTo(logEnd());
    }

    Map<BannerMinute, Long> counted() {
        try (Connection connection = database.connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("select banner_id, minute, clicks from banner_minute")) {
            var counted = new HashMap<BannerMinute, Long>();
            while (rows.next()) {
                Instant minute = rows.getObject("minute", OffsetDateTime.class).toInstant();
                counted.put(new BannerMinute(rows.getLong("banner_id"), minute), rows.getLong("clicks"));
            }
            return counted;
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /// What the database says about the log that is in the folder now.
    LogPosition position() {
        try (var reader = ClickReader.open(logFolder());
                Connection connection = database.connect();
                var statement = connection.prepareStatement(
                        "select epoch, flush, last_index from click_log where log_id = ?")) {
            statement.setObject(1, reader.logId());
            try (var row = statement.executeQuery()) {
                row.next();
                Long lastIndex = row.getObject("last_index", Long.class);
                return new LogPosition(
                        row.getLong("epoch"), row.getLong("flush"), lastIndex == null ? ClickReader.START : lastIndex);
            }
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /// The index of the log's last record.
    long logEnd() {
        try (var reader = ClickReader.open(logFolder())) {
            reader.read(Integer.MAX_VALUE, (_, _, _) -> true);
            return reader.position();
        }
    }

    /// One for each cycle.
    List<Path> logFiles() {
        try (var files = Files.list(logFolder())) {
            return files.filter(file -> file.toString().endsWith(".cq4")).toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    long clicksInDatabase() {
        return database.clicks();
    }

    /// The first number of the first row.
    long number(String query) {
        return database.number(query);
    }

    void execute(String sql) {
        database.execute(sql);
    }

    /// A connection that bypasses every proxy; the caller closes it.
    Connection connect() throws SQLException {
        return database.connect();
    }

    /// Returns when that many connections of aggregators wait for a lock of that type in the database.
    void awaitWaitingFor(String lockType, int connections) {
        Await.until(
                "%d aggregators wait for a lock of type %s".formatted(connections, lockType),
                () -> number("""
                        select count(*) from pg_stat_activity
                        where datname = current_database() and application_name = 'click-counter-aggregator'
                            and wait_event_type = 'Lock' and wait_event = '%s'""".formatted(lockType)) == connections);
    }

    /// The writer lets go of the log; the next click opens it anew.
    void closeWriter() {
        if (writer != null) {
            writer.close();
            writer = null;
        }
    }

    @Override
    public void close() {
        closeWriter();
        database.close();
        TestFiles.delete(folder);
    }

    private ClickWriter writer() {
        if (writer == null) {
            writer = ClickWriter.open(logSettings(), new Lifetime(), clockMillis::get);
        }
        return writer;
    }

    private LogSettings logSettings() {
        return new LogSettings(logFolder(), new MinFree(0, 0), Duration.ofSeconds(1));
    }
}
