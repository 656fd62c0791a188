package clickcounter.aggregator;

import static clickcounter.aggregator.Scene.START;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.LogPosition;
import clickcounter.shared.Lifetime;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.testing.Await;
import clickcounter.testing.LogAndDatabase.BannerMinute;
import clickcounter.testing.LogLines;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AggregatorTest {
    private static final int BATCH_RECORDS = 65_536;

    private final Scene scene = new Scene();

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void countsEachClickOnceAndMovesThePositionWithIt() {
        scene.clicks(7, START, 3);
        scene.click(Long.MAX_VALUE, START.plusSeconds(1));
        scene.click(7, START.plusSeconds(60));

        scene.countAll();

        scene.assertAllIsCountedOnce();
        assertThat(scene.position()).isEqualTo(new LogPosition(1, 1, scene.logEnd()));
    }

    @Test
    void goesOnWhereTheLastOneStopped() {
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.clicks(7, START.plusSeconds(1), 2);
        scene.countAll();
        scene.countAll();

        scene.assertAllIsCountedOnce();
        assertThat(scene.position()).isEqualTo(new LogPosition(3, 2, scene.logEnd()));
    }

    @Test
    void countsNothingInAnEmptyLog() {
        scene.countAll();

        assertThat(scene.counted()).isEmpty();
        assertThat(scene.position()).isEqualTo(new LogPosition(1, 0, ClickReader.START));
    }

    @Test
    void countsManyBannersAndMinutesAsAHashMapDoes() {
        long seed = System.nanoTime();
        System.out.println("countsManyBannersAndMinutesAsAHashMapDoes: seed " + seed);
        var random = new Random(seed);
        Instant time = START;
        for (int run = 0; run < 4; run++) {
            for (int click = 0; click < 30_000; click++) {
                time = time.plusMillis(random.nextInt(30));
                scene.click(1 + Math.abs((long) (random.nextGaussian() * 300)), time);
            }
            scene.countAll();
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void clicksThatArriveDuringAFlushAreCountedOnce() throws SQLException {
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.clicks(7, START.plusSeconds(1), 10);

        try (Connection blocker = scene.connect();
                var statement = blocker.createStatement();
                var _ = startThatFlushesOften()) {
            blocker.setAutoCommit(false);
            statement.execute("select * from click_log for update");
            scene.clicks(7, START.plusSeconds(2), 5);
            // The first ones may have been written before the row was locked; these cannot.
            scene.awaitWaitingFor("transactionid", 1);
            scene.clicks(7, START.plusSeconds(3), 20);
            scene.click(8, START.plusSeconds(60));
            blocker.rollback();
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void theLastMillisecondAndTheFirstBelongToTheirOwnMinutes() {
        Instant next = START.plusSeconds(60);
        scene.clicks(7, next.minusMillis(1), 2);
        scene.clicks(7, next, 3);

        scene.countAll();

        assertThat(scene.counted())
                .containsOnly(entry(new BannerMinute(7, START), 2L), entry(new BannerMinute(7, next), 3L));
    }

    @Test
    void aLateClickIsAddedToItsOldMinute() {
        try (ClickWriter slowClock = scene.openWriter(START.plusSeconds(59))) {
            scene.click(7, START);
            scene.countAll();
            scene.click(7, START.plusSeconds(300));
            scene.countAll();
            slowClock.append(7);
            scene.expect(7, START.plusSeconds(59), 1);
        }
        scene.countAll();

        scene.assertAllIsCountedOnce();
        assertThat(scene.counted()).containsEntry(new BannerMinute(7, START), 2L);
    }

    @Test
    void aFlushOfMoreThan65535RowsIsOneTransaction() {
        int rows = 70_000;
        scene.click(1, START);
        try (var _ = Aggregator.start(scene.settings(rows, 60), new Lifetime())) {
            Await.until("the first click is counted", () -> scene.clicksInDatabase() == 1);
            for (int bannerId = 1; bannerId <= rows; bannerId++) {
                scene.click(bannerId, START.plusSeconds(1));
            }
            Await.until("as many rows as may wait are written", () -> scene.clicksInDatabase() > rows);
        }

        scene.assertAllIsCountedOnce();
        assertThat(scene.position().flush()).isEqualTo(2);
        assertThat(scene.number("select count(distinct xmin::text) from banner_minute"))
                .isEqualTo(1);
    }

    @Test
    void flushesEarlyWhenTooManyRowsWait() {
        int maxRows = 1_000;
        int banners = 150_000;
        for (int bannerId = 1; bannerId <= banners; bannerId++) {
            scene.click(bannerId, START);
        }
        try (var _ = Aggregator.start(scene.settings(maxRows, 60), new Lifetime())) {
            Await.until("fewer wait than the limit", () -> scene.clicksInDatabase() > banners - maxRows);
        }

        scene.assertAllIsCountedOnce();
        assertThat(scene.number("select max(rows) from (select count(*) as rows from banner_minute group by xmin)"))
                .isLessThan(maxRows + BATCH_RECORDS);
    }

    @Test
    void flushesEarlyWhenTooManyMinutesWait() {
        int maxMinutes = 50;
        int batchMinutes = 64;
        int maxRows = 1_000;
        int minutes = 200;
        // As an import would: backwards in time.
        scene.appendRaw(START, appender -> {
            for (int minute = 0; minute < minutes; minute++) {
                Instant time = START.minusSeconds(60L * minute);
                appender.writeDocument(
                        wire -> wire.write("bannerId").int64(7).write("ts").int64(time.toEpochMilli()));
                scene.expect(7, time, 1);
            }
        });

        try (var _ = Aggregator.start(scene.settings(maxRows, maxMinutes), new Lifetime())) {
            Await.until("fewer wait than the limit", () -> scene.clicksInDatabase() > minutes - maxMinutes);
        }

        scene.assertAllIsCountedOnce();
        assertThat(scene.number("select max(rows) from (select count(*) as rows from banner_minute group by xmin)"))
                .isLessThan(maxMinutes + batchMinutes);
    }

    @Test
    void recordsThatAreNoClicksArePassedOver() {
        long millis = START.toEpochMilli();

        scene.click(7, START);
        scene.appendRaw(START, appender -> {
            appender.writeText("not a click");
            appender.writeBytes(bytes -> bytes.write(new byte[40]));
            appender.writeBytes(bytes -> bytes.writeLong(7).writeLong(millis));
            appender.writeDocument(wire -> wire.write("bannerId").int64(7));
            appender.writeDocument(
                    wire -> wire.write("bannerId").int64(-7).write("ts").int64(millis));
            appender.writeDocument(
                    wire -> wire.write("bannerId").int64(7).write("ts").int64(0));
            // A click with a field that is not known yet.
            appender.writeDocument(wire -> wire.write("country")
                    .text("pl")
                    .write("ts")
                    .int64(millis)
                    .write("bannerId")
                    .int64(8));
        });
        scene.expect(8, START, 1);
        scene.click(7, START.plusSeconds(1));

        try (var log = new LogLines(Aggregator.class)) {
            scene.countAll();
            scene.assertAllIsCountedOnce();
            assertThat(log.lines()).contains("""
                    ERROR skipped 6 records of the log that are not clicks, the last of them before 0x%x\
                    """.formatted(scene.logEnd()));
        }

        scene.appendRaw(START.plusSeconds(2), appender -> appender.writeText("the last record is none, either"));
        scene.countAll();
        scene.assertAllIsCountedOnce();
    }

    @Test
    void countsOverSeveralCyclesOfTheLog() {
        for (int cycle = 0; cycle < 5; cycle++) {
            Instant time = START.plusSeconds(600L * 3 * cycle); // there are empty ones between them
            scene.clicks(7, time, 3);
            scene.click(8, time.plusSeconds(599));
            if (cycle % 2 == 0) {
                scene.countAll();
            }
        }
        scene.closeWriter();
        scene.click(7, START.plusSeconds(600L * 20));
        scene.countAll();

        scene.assertAllIsCountedOnce();
    }

    @Test
    void followsTheLogIntoANewCycle() {
        try (var _ = startThatFlushesOften()) {
            for (int cycle = 0; cycle < 5; cycle++) {
                scene.clicks(7, START.plusSeconds(600L * cycle), 3);
                Await.until("its clicks are counted", () -> scene.clicksInDatabase() == scene.expectedClicks());
            }
        }

        scene.assertAllIsCountedOnce();
    }

    /// The log is from March and older than its retention at once.
    @Test
    void deletesOldFilesOfTheLogOnlyWhenTheyAreCounted() {
        scene.execute("""
                create function fail() returns trigger language plpgsql as $$
                    begin
                        raise exception 'not yet';
                    end $$;
                create trigger fail after insert on banner_minute for each statement execute function fail()""");
        for (int cycle = 0; cycle < 4; cycle++) {
            scene.clicks(7, START.plusSeconds(600L * cycle), 3);
        }
        try (var log = new LogLines(Flusher.class);
                var _ = Aggregator.start(scene.busySettings(Duration.ofHours(1)), new Lifetime())) {
            Await.until("a flush has failed", () -> !log.lines().isEmpty());
            assertThat(scene.logFiles()).hasSize(4);
            scene.execute("drop trigger fail on banner_minute");
            Await.until(
                    "only the cycle of the position is left",
                    () -> scene.logFiles().size() == 1);
        }
        scene.click(7, START.plusSeconds(600L * 4));
        scene.countAll();

        scene.assertAllIsCountedOnce();
    }

    private Aggregator startThatFlushesOften() {
        return Aggregator.start(scene.busySettings(), new Lifetime());
    }
}
