package clickcounter.testing;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.shared.log.LogSettings.MinFree;
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

/// A click log, the database that counts it, and what the database must hold when every click is counted once.
/// The subclass makes the schema and counts.
///
/// **Threads**: one at a time.
public abstract class LogAndDatabase implements AutoCloseable {
    /// Begins a minute and a cycle of the log.
    public static final Instant START = Instant.parse("2026-03-01T10:00:00Z");

    /// Counts the rows of a sum that are not those of its minutes, or are missing.
    private static final String WRONG_SUMS = """
            select count(*) from (
                select coalesce(sums.clicks, 0) - coalesce(minutes.clicks, 0) as difference
                from (select banner_id, {sum}, clicks from banner_{sum}) sums
                full join (
                    select banner_id, date_trunc('{sum}', minute, 'UTC') as {sum}, sum(clicks) as clicks
                    from banner_minute where minute < (select rolled_until from roll_up) group by 1, 2) minutes
                using (banner_id, {sum})) differences
            where difference <> 0""";

    private static final String WRONG_TOTALS = """
            select count(*) from total_{sum} total
            full join (select {sum}, sum(clicks) as clicks from banner_{sum} group by 1) banners using ({sum})
            where total.clicks is distinct from banners.clicks""";

    /// Leaves out the minutes that were dropped, of which only the totals are there.
    private static final String WRONG_TOTAL_MINUTES = """
            select count(*) from (
                select minute, clicks from total_minute
                where minute >= (select minutes_since from roll_up)) total
            full join (
                select minute, sum(clicks) as clicks from banner_minute
                where minute < (select rolled_until from roll_up) group by 1) banners using (minute)
            where total.clicks is distinct from banners.clicks""";

    private final Path folder;
    private final TestDatabase database = TestDatabase.create();
    private final AtomicLong clockMs = new AtomicLong();
    private final Map<BannerMinute, Long> expected = new HashMap<>();
    private @Nullable ClickWriter writer;

    /// What a count is of.
    public record BannerMinute(long bannerId, Instant minute) {}

    /// Makes an empty folder and an empty database.
    protected LogAndDatabase() {
        try {
            folder = Files.createTempDirectory("click-counter");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// The `DATA_DIR`.
    public Path folder() {
        return folder;
    }

    public Path logFolder() {
        return folder.resolve("log");
    }

    public String databaseUrl() {
        return database.url();
    }

    /// Appends a click at `time`, as ingest does.
    public void click(long bannerId, Instant time) {
        clockMs.set(time.toEpochMilli());
        writer().append(bannerId);
        expect(bannerId, time, 1);
    }

    public void clicks(long bannerId, Instant time, int count) {
        for (int number = 0; number < count; number++) {
            click(bannerId, time);
        }
    }

    /// Opens another writer, as a second ingest process with a clock of its own has one; the caller closes it.
    public ClickWriter openWriter(Instant time) {
        return ClickWriter.open(logSettings(), new Lifetime(), time::toEpochMilli);
    }

    /// Appends records of any kind with Chronicle's own appender.
    public void appendRaw(Instant time, Consumer<ExcerptAppender> appending) {
        try (var queue = SingleChronicleQueueBuilder.binary(logFolder())
                        .rollCycle(RollCycles.TEN_MINUTELY)
                        .timeProvider(time::toEpochMilli)
                        .build();
                ExcerptAppender appender = queue.createAppender()) {
            appending.accept(appender);
        }
    }

    public void expect(long bannerId, Instant time, long clicks) {
        expected.merge(new BannerMinute(bannerId, time.truncatedTo(ChronoUnit.MINUTES)), clicks, Long::sum);
    }

    public long expectedClicks() {
        return expected.values().stream().mapToLong(Long::longValue).sum();
    }

    /// Asserts that every click of the log is in the database once, and that the position there is the log's end.
    public void assertAllIsCountedOnce() {
        assertThat(counted()).isEqualTo(expected);
        assertThat(countedTo()).isEqualTo(logEnd());
    }

    /// Asserts that all sums are those of the minutes before the mark, and all totals those of the banners.
    public void assertSumsAreExact() {
        for (String sum : List.of("hour", "day", "month")) {
            assertThat(number(WRONG_SUMS.replace("{sum}", sum))).as(sum).isZero();
            assertThat(number(WRONG_TOTALS.replace("{sum}", sum)))
                    .as("total by " + sum)
                    .isZero();
        }
        assertThat(number(WRONG_TOTAL_MINUTES)).as("total by minute").isZero();
    }

    public Map<BannerMinute, Long> counted() {
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

    /// Returns the position in the database of the log that is in the folder now, or [ClickReader#START].
    public long countedTo() {
        try (var reader = ClickReader.open(logFolder())) {
            return number("select coalesce(last_index, %d) from click_log where log_id = '%s'"
                    .formatted(ClickReader.START, reader.logId()));
        }
    }

    /// Returns the index of the log's last record.
    public long logEnd() {
        try (var reader = ClickReader.open(logFolder())) {
            reader.read(Integer.MAX_VALUE, (_, _, _) -> true);
            return reader.position();
        }
    }

    /// Returns one file for each cycle.
    public List<Path> logFiles() {
        try (var files = Files.list(logFolder())) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .sorted()
                    .toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    public long clicksInDatabase() {
        return database.clicks();
    }

    /// Returns the first number of the first row.
    public long number(String query) {
        return database.number(query);
    }

    public void execute(String sql) {
        database.execute(sql);
    }

    /// Opens a connection that bypasses every proxy; the caller closes it.
    public Connection connect() throws SQLException {
        return database.connect();
    }

    /// Closes the writer; the next click opens a new one.
    public void closeWriter() {
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
            writer = ClickWriter.open(logSettings(), new Lifetime(), clockMs::get);
        }
        return writer;
    }

    private LogSettings logSettings() {
        return new LogSettings(logFolder(), new MinFree(0, 0), Duration.ofSeconds(1));
    }
}
