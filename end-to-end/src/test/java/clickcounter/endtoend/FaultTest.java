package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.endtoend.Availability.State;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.Program;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.testing.Await;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The faults that the README names, one by one, with the real processes.
final class FaultTest {
    private static final int CONNECTIONS = 32;
    private static final int BANNERS = 200;
    private static final int CLICKS_PER_SECOND = 2_000;

    /// How long the lock of a dead process would stop the others if only Chronicle released it: one and a half
    /// times Chronicle's time-out. With our keeper it takes some hundred milliseconds, as the report of a long
    /// run shows.
    private static final Duration WITHOUT_THE_KEEPER = Duration.ofSeconds(3);

    /// The first banner of the clicks that are written straight into the log.
    private static final long FIRST_IMPORTED_BANNER = 1_000_000;

    private static final int IMPORTED_BANNERS = 50_000;
    private static final long MAX_MEMORY_BYTES = 450L << 20;

    private final long seed = new Random().nextInt(1_000_000);
    private final SentClicks sent = new SentClicks();

    @TempDir
    Path folder;

    FaultTest() {
        System.out.println("seed " + seed);
    }

    @Test
    void clicksGoOnWhileTheDatabaseIsAwayAndAreInItAfterwards() throws IOException, SQLException {
        clicksGoOnWhileTheDatabaseIsAway(1_500_000, Map.of("STATS_MAX_KEPT", "500000"));
    }

    @Test
    @Tag("long")
    void twentyMillionClicksWaitForTheDatabaseInBoundedMemory() throws IOException, SQLException {
        clicksGoOnWhileTheDatabaseIsAway(20_000_000, Map.of());
    }

    private void clicksGoOnWhileTheDatabaseIsAway(int clicks, Map<String, String> settings)
            throws IOException, SQLException {
        try (TestDatabase database = MigratedDatabase.create();
                FaultyProxy network = FaultyProxy.start(database.url());
                Service service = Service.start(folder, network.url(database.url()), settings)) {
            load(service, Duration.ofSeconds(1));
            network.refuse();
            network.cutAll();
            long awayNs = System.nanoTime();
            Await.until(
                    "statistics are refused", () -> service.statisticsAnswer(1).statusCode() == 503);
            assertThat(Duration.ofNanos(System.nanoTime() - awayNs)).isLessThan(Duration.ofSeconds(5));
            HttpResponse<String> refusal = service.statisticsAnswer(1);
            assertThat(refusal.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(refusal.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(refusal.body())
                    .contains("The database does not answer at the moment. Clicks are still counted.");

            Map<Long, Long> imported = importClicks(clicks);
            load(service, Duration.ofSeconds(2));
            assertThat(sent.unansweredClicks()).isZero();
            assertThat(sent.refusedClicks()).isZero();
            assertMemoryIsBounded(service, clicks + " clicks waiting");

            network.accept();
            long all = clicks + sent.acknowledgedClicks();
            database.awaitClicks(all);
            assertMemoryIsBounded(service, clicks + " clicks caught up");
            assertThat(importedIn(database)).isEqualTo(imported);
            Await.until("statistics are complete", () -> isComplete(service.statisticsAnswer(1)));
            sent.verify(service);
            for (long bannerId = FIRST_IMPORTED_BANNER; bannerId < FIRST_IMPORTED_BANNER + BANNERS; bannerId++) {
                assertThat(service.totalClicks(bannerId)).isEqualTo(imported.get(bannerId));
            }
            service.stop();
        }
    }

    @Test
    void theOlderOfTwoAggregatorsStopsAndTheNewerGoesOn() throws SQLException {
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of());
                ClickLoad load = load(service)) {
            TestProcess older = service.aggregator();
            TestProcess newer = service.launch("newer", Program.AGGREGATOR, Map.of());
            newer.awaitReady();
            assertThat(older.awaitEnd()).isEqualTo(ExitCode.SUPERSEDED.status());
            assertThat(older.output())
                    .contains("Another aggregator has taken this log over (epoch 2, ours was 1)")
                    .doesNotContain("\tat ");
            service.handOverTo(newer);
            load.end();
            sent.verify(service);
            database.awaitClicks(sent.acknowledgedClicks());
            assertThat(newer.isAlive()).isTrue();
            service.stop();
        }
    }

    @Test
    void theCountsOfANewLogAreAddedToThoseOfTheOldOne() throws IOException, SQLException {
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            load(service, Duration.ofSeconds(2));
            service.stop();
            Files.move(service.logFolder(), folder.resolve("log of yesterday"));
            service.restart();
            sent.verify(service);
            load(service, Duration.ofSeconds(2));
            sent.verify(service);
            database.awaitClicks(sent.acknowledgedClicks());
            assertThat(database.number("select count(*) from click_log")).isEqualTo(2);
            service.stop();
        }
    }

    @Test
    void recordsThatAreNoClicksArePassedOverAndReported() throws SQLException {
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of());
                ClickLoad load = load(service)) {
            int records = 1_000;
            appendForeignRecords(service.logFolder(), records);
            LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
            load.end();
            sent.verify(service);
            database.awaitClicks(sent.acknowledgedClicks());
            assertThat(service.aggregator().output()).contains("records of the log that are not clicks");

            service.aggregator().kill();
            service.query().kill();
            appendForeignRecords(service.logFolder(), records);
            service.aggregator().restart();
            service.query().restart();
            service.awaitReady();
            sent.verify(service);
            service.stop();
        }
    }

    @Test
    void clicksGoOnWhenAProcessDiesThatHoldsTheLogsLock() throws IOException {
        try (var availability = new Availability();
                TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            var sent = new SentClicks(availability::answered);
            try (ClickLoad load =
                    ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed, sent)) {
                Await.until("clicks are taken", () -> sent.acknowledgedClicks() > CLICKS_PER_SECOND);
                availability.ready("ingest");
                availability.loaded(true);
                for (int death = 0; death < 5; death++) {
                    LockHolder.start(folder, service.logFolder()).kill();
                    long before = sent.acknowledgedClicks();
                    Await.until("clicks go on", () -> sent.acknowledgedClicks() > before + CLICKS_PER_SECOND / 2);
                }
                availability.loaded(false);
                Availability.Silence silence = availability.longestSilence(State.READY);
                assertThat(silence.length()).as("a lock that was held").isGreaterThan(Duration.ofMillis(20));
                assertThat(silence.ofTheService()).isLessThan(WITHOUT_THE_KEEPER);
                load.end();
                assertThat(sent.unansweredClicks()).isZero();
                assertThat(sent.refusedClicks()).isZero();
                sent.verify(service);
            }
        }
    }

    private ClickLoad load(Service service) {
        return ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed, sent);
    }

    private void load(Service service, Duration length) {
        try (ClickLoad load = load(service)) {
            LockSupport.parkNanos(length.toNanos());
            load.end();
        }
    }

    private static boolean isComplete(HttpResponse<String> statistics) {
        return statistics.statusCode() == 200 && Service.isComplete(statistics);
    }

    /// Writes clicks into the log as another ingest process would, only faster; returns how many each banner got.
    private Map<Long, Long> importClicks(int clicks) {
        var settings =
                new SettingsReader(Map.of("DATA_DIR", folder.resolve("data").toString(), "LOG_MIN_FREE", "64MiB"));
        var random = new Random(seed);
        Map<Long, Long> imported = new TreeMap<>();
        try (ClickWriter writer = ClickWriter.open(LogSettings.read(settings), new Lifetime())) {
            for (int click = 0; click < clicks; click++) {
                long bannerId = FIRST_IMPORTED_BANNER + random.nextInt(IMPORTED_BANNERS);
                writer.append(bannerId);
                imported.merge(bannerId, 1L, Long::sum);
            }
        }
        return imported;
    }

    private static Map<Long, Long> importedIn(TestDatabase database) throws SQLException {
        Map<Long, Long> clicks = new TreeMap<>();
        try (Connection connection = database.connect()) {
            DatabaseProcess.counts(connection).forEach((bannerId, minutes) -> {
                if (bannerId >= FIRST_IMPORTED_BANNER) {
                    clicks.put(bannerId, Service.sum(minutes));
                }
            });
        }
        return clicks;
    }

    private static void assertMemoryIsBounded(Service service, String when) {
        for (TestProcess process : service.processes()) {
            long bytes = process.usage().ownBytes();
            System.out.printf("%s, %s: %d MiB%n", when, process.name(), bytes >> 20);
            assertThat(bytes).as("memory of %s with %s", process.name(), when).isBetween(1L, MAX_MEMORY_BYTES);
        }
    }

    /// Writes into the log what a damaged or a foreign program might write, while others write clicks.
    private void appendForeignRecords(Path logFolder, int records) {
        var random = new Random(seed);
        try (SingleChronicleQueue queue = SingleChronicleQueueBuilder.binary(logFolder)
                        .rollCycle(RollCycles.TEN_MINUTELY)
                        .build();
                ExcerptAppender appender = queue.createAppender()) {
            long now = System.currentTimeMillis();
            for (int count = 0; count < records; count++) {
                switch (count % 5) {
                    case 0 -> appender.writeText("no click");
                    case 1 -> appender.writeBytes(randomBytes(random));
                    case 2 -> appendClick(appender, -1, now);
                    case 3 -> appendClick(appender, 1, 0);
                    default -> appendClick(appender, 0, now);
                }
            }
        }
    }

    private static void appendClick(ExcerptAppender appender, long bannerId, long timestampMs) {
        appender.writeDocument(
                wire -> wire.write("bannerId").int64(bannerId).write("ts").int64(timestampMs));
    }

    private static Bytes<?> randomBytes(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(64)];
        random.nextBytes(bytes);
        return Bytes.wrapForRead(bytes);
    }
}
