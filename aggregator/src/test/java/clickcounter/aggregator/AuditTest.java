package clickcounter.aggregator;

import static clickcounter.aggregator.Scene.START;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.aggregator.Audit.Difference;
import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.shared.Arguments;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./run.sh audit`, with a log and a database that it does not fit to.
final class AuditTest {
    private static final Duration CYCLE = Duration.ofMinutes(10);

    private final Scene scene = new Scene();
    private String output = "";

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void saysInOneLineThatAllIsEqual() throws Exception {
        countSomeClicks();

        assertThat(audit()).isZero();
        assertThat(output.lines())
                .containsExactly(
                        "Equal: 9 clicks in 3 counts, from 2026-03-01T10:00:00Z to what the database has (record 0x%x)."
                                .formatted(scene.logEnd()),
                        "Nothing from 2026-03-01T10:00:00Z on is summed up by hour, day and month yet.");
        rollUp("2026-03-01T10:01:00Z");
        assertThat(audit()).isZero();
        assertThat(output.lines())
                .last()
                .isEqualTo(
                        "Equal: the sums by hour, day and month, from 2026-03-01T10:00:00Z to 2026-03-01T10:01:00Z, up to which minutes are summed up.");
    }

    @Test
    void namesEachCountThatDiffers() throws Exception {
        countSomeClicks();
        spoil();

        assertThat(audit()).isEqualTo(1);
        assertThat(output.lines())
                .containsExactly(
                        "banner 6  minute 2026-03-01T10:00:00Z  database 1  log 0",
                        "banner 7  minute 2026-03-01T10:00:00Z  database 4  log 3",
                        "banner 7  minute 2026-03-01T10:01:00Z  database 1  log 2",
                        "banner 8  minute 2026-03-01T10:20:00Z  database 0  log 4",
                        "4 counts differ; --repair mends them. The log has 9 clicks in 4 counts, from 2026-03-01T10:00:00Z to what the database has (record 0x%x)."
                                .formatted(scene.logEnd()),
                        "Nothing from 2026-03-01T10:00:00Z on is summed up by hour, day and month yet.");
    }

    @Test
    void mendsWhatDiffers() throws Exception {
        countSomeClicks();
        spoil();

        assertThat(audit("--repair")).isZero();
        assertThat(output).contains("4 counts differed and are mended.");
        scene.assertAllIsCountedOnce();
        assertThat(audit("--repair")).isZero();
        assertThat(output).startsWith("Equal: ");
        scene.assertAllIsCountedOnce();
    }

    @Test
    void mendsTheSumsOfWhatDiffersToo() throws Exception {
        countSomeClicks();
        rollUp("2026-03-01T10:01:00Z");
        spoil();
        scene.execute("update banner_day set clicks = 1000 where banner_id = 7");
        scene.execute("update total_day set clicks = 1000");
        scene.execute("update total_minute set clicks = 1000");

        assertThat(audit("--repair")).isZero();

        scene.assertAllIsCountedOnce();
        assertThat(scene.number("select sum(clicks) from banner_month")).isEqualTo(3);
        assertSumsAreExact();
        for (String total : List.of("minute", "hour", "day", "month")) {
            assertThat(scene.number("select sum(clicks) from total_" + total))
                    .as(total)
                    .isEqualTo(3);
        }
    }

    @Test
    void namesAndMendsTheHoursOfMinutesThatWereDropped() throws Exception {
        countAndDropAMonth("2026-02-28T22:00:00Z");

        assertThat(audit()).as(() -> output).isZero();
        assertThat(output.lines())
                .containsExactly(
                        "Equal: 15 clicks in 6 counts, from 2026-02-28T22:00:00Z to what the database has (record 0x%x)."
                                .formatted(scene.logEnd()),
                        "Minutes before 2026-03-01T00:00:00Z were dropped (STATS_RETENTION_MINUTES): of them the hours were compared that lie wholly in the range.",
                        "Equal: the sums by hour, day and month, from 2026-02-28T22:00:00Z to 2026-03-01T10:30:00Z, up to which minutes are summed up.");
        scene.execute("""
                insert into banner_hour values (6, '2026-02-28T22:00:00Z', 1);
                update banner_hour set clicks = 1 where banner_id = 7 and hour = '2026-02-28T22:00:00Z';
                update banner_day set clicks = 1 where banner_id = 7 and day = '2026-02-28T00:00:00Z';
                update banner_hour set clicks = 9 where banner_id = 7 and hour = '2026-02-28T23:00:00Z';
                delete from banner_hour where banner_id = 8 and hour = '2026-02-28T23:00:00Z'""");
        List<String> wrong = List.of(
                "banner 6  hour 2026-02-28T22:00:00Z  database 1  log 0",
                "banner 7  hour 2026-02-28T22:00:00Z  database 1  log 2",
                "banner 7  hour 2026-02-28T23:00:00Z  database 9  log 1",
                "banner 8  hour 2026-02-28T23:00:00Z  database 0  log 3");
        assertThat(audit()).isEqualTo(1);
        assertThat(output.lines())
                .filteredOn(line -> line.startsWith("banner"))
                .startsWith(wrong.toArray(String[]::new))
                .endsWith("banner 7  day 2026-02-28T00:00:00Z  database 1  its hours 3")
                .hasSize(5);

        assertThat(audit("--repair")).isZero();
        assertThat(output).contains("4 counts differed and are mended.");
        assertThat(audit()).as(() -> output).isZero();
        assertThat(scene.number("select sum(clicks) from banner_month where month = '2026-02-01T00:00:00Z'"))
                .isEqualTo(6);
    }

    @Test
    void saysThatPartsOfHoursAreOutOfReachWhenTheirMinutesWereDropped() throws Exception {
        countAndDropAMonth("2026-02-28T23:30:00Z");
        scene.execute("update banner_hour set clicks = 99 where hour < '2026-03-01T00:00:00Z'");

        assertThat(audit("--to", "2026-03-01T10:05:00Z")).isEqualTo(1);
        assertThat(output.lines().limit(2))
                .containsExactly(
                        "all banners  hour 2026-02-28T23:00:00Z  database 6  the banners 198",
                        "banner 7  day 2026-02-28T00:00:00Z  database 3  its hours 99");
        assertThat(output).contains("Equal: 5 clicks in 2 counts, from 2026-02-28T23:30:00Z");
        assertThatThrownBy(() -> audit("--to", "2026-03-01T00:00:00Z"))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "Minutes before 2026-03-01T00:00:00Z were dropped (STATS_RETENTION_MINUTES), and of the hours before it none lies wholly in the range: there is nothing to compare. Audit whole hours, or from then on: --from 2026-03-01T00:00:00Z.");
    }

    @Test
    void mendsNothingWhenTheMinutesAreDroppedMeanwhile() throws Exception {
        countClicksOfTwoMonths("2026-02-28T22:00:00Z");
        scene.execute("update banner_minute set clicks = clicks + 1");

        assertThatThrownBy(() -> differences(1_000, true, _ -> dropLastMonth()))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "Nothing was repaired: minutes of the range were dropped in the meantime (STATS_RETENTION_MINUTES). Start the audit again.");
        assertThat(scene.number("select sum(clicks) from banner_hour")).isEqualTo(15);
        assertThat(audit("--repair")).isZero();
        scene.execute("delete from banner_hour where hour < '2026-03-01T00:00:00Z'");
        assertThat(audit("--from", "2026-03-01T00:00:00Z")).as(() -> output).isZero();
    }

    @Test
    void namesAndMendsEachSumThatIsNotTheOneOfItsParts() throws Exception {
        countSomeClicks();
        rollUp("2026-03-01T10:30:00Z");
        spoilSums();

        assertThat(audit()).isEqualTo(1);
        assertThat(output.lines())
                .containsExactly(
                        "banner 6  hour 2026-03-01T10:00:00Z  database 1  its minutes 0",
                        "banner 7  hour 2026-03-01T10:00:00Z  database 6  its minutes 5",
                        "banner 8  day 2026-03-01T00:00:00Z  database 0  its hours 4",
                        "banner 7  month 2026-03-01T00:00:00Z  database 2  its days 5",
                        "banner 9  month 2031-01-01T00:00:00Z  database 5  its days 0",
                        "Equal: 9 clicks in 3 counts, from 2026-03-01T10:00:00Z to what the database has (record 0x%x)."
                                .formatted(scene.logEnd()),
                        "5 sums by hour, day and month differ; --repair mends them.");

        assertThat(audit("--repair")).isZero();
        assertThat(output).contains("5 sums by hour, day and month differed and are mended.");
        assertSumsAreExact();
        assertThat(audit()).as(() -> output).isZero();
    }

    @Test
    void findsTheSumsThatHoldAWrongMinuteToo() throws Exception {
        countSomeClicks();
        scene.execute("update banner_minute set clicks = 4 where banner_id = 7 and minute = '2026-03-01T10:00:00Z'");
        rollUp("2026-03-01T10:01:00Z");
        scene.execute("update banner_minute set clicks = 1 where banner_id = 7 and minute = '2026-03-01T10:01:00Z'");

        assertThat(audit()).isEqualTo(1);
        assertThat(output.lines().filter(line -> line.startsWith("banner")))
                .containsExactly(
                        "banner 7  minute 2026-03-01T10:00:00Z  database 4  log 3",
                        "banner 7  minute 2026-03-01T10:01:00Z  database 1  log 2",
                        "banner 7  hour 2026-03-01T10:00:00Z  database 4  its minutes 3",
                        "banner 7  day 2026-03-01T00:00:00Z  database 4  its hours 3",
                        "banner 7  month 2026-03-01T00:00:00Z  database 4  its days 3");
        assertThat(audit("--repair")).isZero();
        assertSumsAreExact();
        scene.assertAllIsCountedOnce();
    }

    @Test
    void namesAndMendsTheTotalsOfAllBannersThatAreWrong() throws Exception {
        countSomeClicks();
        rollUp("2026-03-01T10:30:00Z");
        scene.execute("""
                delete from total_minute where minute = '2026-03-01T10:01:00Z';
                insert into total_hour values ('2026-03-01T12:00:00Z', 5);
                update total_day set clicks = 8;
                update banner_month set clicks = 6 where banner_id = 7""");

        assertThat(audit()).isEqualTo(1);
        assertThat(output.lines().filter(line -> line.contains("  database ")))
                .containsExactly(
                        "all banners  minute 2026-03-01T10:01:00Z  database 0  the banners 2",
                        "all banners  hour 2026-03-01T12:00:00Z  database 5  the banners 0",
                        "all banners  day 2026-03-01T00:00:00Z  database 8  the banners 9",
                        "banner 7  month 2026-03-01T00:00:00Z  database 6  its days 5");
        assertThat(audit("--repair")).isZero();
        assertThat(audit()).isZero();
        for (String unit : List.of("minute", "hour", "day", "month")) {
            assertThat(scene.number("select sum(clicks) from total_" + unit))
                    .as(unit)
                    .isEqualTo(9);
        }
        assertSumsAreExact();
    }

    @Test
    void comparesTheSumsAloneFromBeforeTheLog() throws Exception {
        countAndDropAMonth("2026-02-28T22:00:00Z");
        scene.closeWriter();
        Files.delete(scene.logFiles().stream().sorted().toList().getFirst());
        spoilSums();
        scene.execute("update banner_day set clicks = 9 where banner_id = 7 and day = '2026-02-28T00:00:00Z'");

        assertThat(audit("--sums", "--to", "2026-03-01T00:00:00Z")).isEqualTo(1);
        assertThat(output.lines())
                .containsExactly(
                        "banner 7  day 2026-02-28T00:00:00Z  database 9  its hours 3",
                        "1 sums by hour, day and month differ; --repair mends them.");
        assertThat(audit("--sums", "--repair")).isZero();
        assertThat(output).contains("6 sums by hour, day and month differed and are mended.");
        assertThat(audit("--sums")).isZero();
        assertThat(output.lines())
                .containsExactly(
                        "Equal: the sums by hour, day and month, from 2026-02-01T00:00:00Z to 2026-03-01T10:30:00Z, up to which minutes are summed up.");
    }

    @Test
    void mendsSumsWhereAnotherLogMayHaveCountedToo() throws Exception {
        countSomeClicks();
        addLog(scene.position().lastIndex());
        rollUp("2026-03-01T10:30:00Z");
        spoilSums();

        assertThat(audit("--repair")).isZero();
        assertSumsAreExact();
    }

    @Test
    void comparesOnlyTheMinutesOfTheRange() throws Exception {
        countSomeClicks();
        spoil();

        assertThat(audit("--from", "2026-03-01T10:00:00.001Z", "--to", "2026-03-01T10:20:00Z"))
                .isEqualTo(1);
        assertThat(output.lines()).first().isEqualTo("banner 7  minute 2026-03-01T10:01:00Z  database 1  log 2");
        assertThat(output).contains("1 counts differ").contains("The log has 2 clicks in 1 counts");
        assertThat(audit("--from=2026-03-01T13:02+03:00", "--to=2026-03-01T10:20:00Z"))
                .isZero();
        assertThat(audit("--from", "2026-03-01T10:20:01Z", "--repair")).isZero();
        assertThat(output).startsWith("Equal: 0 clicks in 0 counts");
    }

    @Test
    void comparesOnlyWhatTheDatabaseHasCounted() throws Exception {
        countSomeClicks();
        scene.clicks(7, START.plus(CYCLE.multipliedBy(2)), 5);

        assertThat(audit()).isZero();
        assertThat(output).startsWith("Equal: 9 clicks");
    }

    @Test
    void stopsAtAPositionThatIsNoClick() throws Exception {
        scene.clicks(7, START, 3);
        scene.closeWriter();
        scene.appendRaw(START.plusSeconds(1), appender -> appender.writeText("no click"));
        scene.countAll();
        scene.clicks(7, START.plusSeconds(2), 5);

        assertThat(audit()).isZero();
        assertThat(output).startsWith("Equal: 3 clicks in 1 counts");
    }

    @Test
    void findsClicksThatAreInALaterFileThanTheirMinute() throws Exception {
        scene.click(7, START);
        try (ClickWriter behind = scene.openWriter(START.plusSeconds(1))) {
            scene.click(7, START.plus(CYCLE.multipliedBy(3)));
            behind.append(7);
            scene.expect(7, START.plusSeconds(1), 1);
        }
        scene.countAll();

        assertThat(audit("--to", "2026-03-01T10:01:00Z")).isZero();
        assertThat(output).startsWith("Equal: 2 clicks in 1 counts");
    }

    @Test
    void goesThroughTheLogSeveralTimesWhenMemoryIsShort() throws Exception {
        long seed = System.nanoTime();
        System.out.println("goesThroughTheLogSeveralTimesWhenMemoryIsShort: seed " + seed);
        var random = new Random(seed);
        Instant time = START;
        for (int click = 0; click < 5_000; click++) {
            time = time.plusMillis(random.nextInt(1_000));
            scene.click(1 + random.nextInt(20), time);
        }
        scene.countAll();
        assertThat(differences(30, false)).isEmpty();

        scene.execute("delete from banner_minute where banner_id % 3 = 0");
        scene.execute("update banner_minute set clicks = clicks + 10 where banner_id % 3 = 1");
        List<Difference> found = differences(30, false);

        assertThat(found)
                .hasSameSizeAs(differences(1_000_000, false))
                .allMatch(difference ->
                        difference.missing() == (difference.bannerId() % 3 == 0 ? difference.expected() : -10));
        assertThat(found).containsExactlyElementsOf(differences(30, true));
        scene.assertAllIsCountedOnce();
    }

    @Test
    void refusesMoreBannersInOneMinuteThanMemoryHolds() {
        for (int banner = 1; banner <= 31; banner++) {
            scene.click(banner, START);
        }
        scene.countAll();

        assertThatThrownBy(() -> differences(30, false))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "More than 30 banners have clicks in one minute, which is more than can be compared at once.");
    }

    @Test
    void isExactAndMendsWhileClicksComeInAndAreCounted() throws Exception {
        scene.clicks(7, START, 1_000);
        scene.countAll();
        var isDone = new AtomicBoolean();
        try (var _ = Aggregator.start(scene.busySettings(), new Lifetime())) {
            Thread clicking = Thread.ofPlatform().start(() -> {
                for (int click = 0; !isDone.get(); click++) {
                    scene.click(1 + click % 50, START.plusMillis(click));
                    LockSupport.parkNanos(1_000); // else there are more than are counted at the end
                }
            });
            try {
                for (int round = 0; round < 5; round++) {
                    // More and more of the clicks are late and go into the sums, too.
                    rollUp(START.plusSeconds(60L * round).toString());
                    assertThat(audit()).as(() -> output).isZero();
                    // With the locks of a flush, so that the two do not wait for each other's rows.
                    scene.execute("""
                            select from click_log for update;
                            select from roll_up for update;
                            update banner_minute set clicks = clicks + 1 where banner_id <= 7;
                            update banner_minute set clicks = clicks - 1 where banner_id > 40 and clicks > 1;
                            update banner_hour set clicks = clicks + 1 where banner_id = 7;
                            update banner_day set clicks = clicks + 1 where banner_id = 10;
                            delete from banner_month where banner_id in (7, 11)""");
                    assertThat(audit()).isEqualTo(1);
                    assertThat(output.lines().filter(line -> line.startsWith("banner 11 ")))
                            .hasSize(round == 0 ? 0 : 1);
                    assertThat(audit("--repair")).as(() -> output).isZero();
                    assertThat(output).contains("mended");
                }
            } finally {
                isDone.set(true);
                clicking.join();
            }
        }
        scene.countAll();

        assertThat(audit()).as(() -> output).isZero();
        scene.assertAllIsCountedOnce();
        assertSumsAreExact();
    }

    @Test
    void refusesARangeThatBeginsBeforeTheOldestFile() throws Exception {
        countSomeClicks();
        scene.closeWriter();
        Files.delete(scene.logFiles().stream().sorted().toList().getFirst());

        assertThatThrownBy(() -> audit("--from", "2026-03-01T10:00:00Z"))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The oldest file of the log begins at 2026-03-01T10:20:00Z: what was clicked before cannot be counted anew. Audit from then on: --from 2026-03-01T10:20:00Z.");
        assertThatThrownBy(() -> audit("--to", "2026-03-01T10:20:00Z"))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The oldest file of the log begins at 2026-03-01T10:20:00Z, which is not before --to, 2026-03-01T10:20:00Z: there is nothing to compare.");
        assertThat(audit()).isZero();
        assertThat(output).startsWith("Equal: 4 clicks in 1 counts, from 2026-03-01T10:20:00Z");
    }

    @Test
    void findsOnlyCountsThatAreTooLowWhereAnotherLogMayHaveCounted() throws Exception {
        countSomeClicks();
        addLog(scene.position().lastIndex());
        spoil();

        assertThat(audit()).isEqualTo(1);
        assertThat(output.lines())
                .containsSubsequence(
                        "banner 7  minute 2026-03-01T10:01:00Z  database 1  log 2",
                        "banner 8  minute 2026-03-01T10:20:00Z  database 0  log 4")
                .hasSize(4);
        assertThatThrownBy(() -> audit("--repair"))
                .isInstanceOf(StartFailure.class)
                .hasMessage("""
                        Nothing was mended: other logs (%s) may have counted into the same minutes, so what this log \
                        has is not all. Mend minutes of which only this log can have clicks.\
                        """.formatted(new UUID(0, 1)));

        scene.execute("delete from banner_minute");
        scene.execute("insert into banner_minute values (8, '2026-03-01T10:20:00Z', 5)");
        assertThat(audit("--from", "2026-03-01T10:10:00Z")).isZero();
        assertThat(output)
                .startsWith("No count is lower than the log's: 4 clicks in 1 counts")
                .contains("the logs %s may have counted".formatted(new UUID(0, 1)));
    }

    @Test
    void aLogThatEndedBeforeTheRangeDoesNotMatter() throws Exception {
        countSomeClicks();
        addLog(ClickReader.firstIndexOf(START) + 1_000);
        spoil();

        assertThat(audit("--from", "2026-03-01T10:10:00Z", "--repair")).isZero();
        assertThat(output).contains("1 counts differed and are mended.");
    }

    @Test
    void refusesADatabaseThatDoesNotKnowTheLog() {
        scene.click(7, START);

        assertThatThrownBy(this::audit)
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("has counted nothing of this log")
                .hasMessageEndingWith("Start ./run.sh aggregator, or ./run.sh replay.");
    }

    @Test
    void refusesALogThatDoesNotHoldThePosition() {
        countSomeClicks();
        scene.execute("update click_log set last_index = last_index + 1");

        assertThatThrownBy(this::audit)
                .isInstanceOfSatisfying(
                        StartFailure.class,
                        failure -> assertThat(failure.code()).isEqualTo(ExitCode.LOG_MISMATCH))
                .hasMessageContaining(
                        "does not hold record 0x%x".formatted(scene.position().lastIndex()));
    }

    @Test
    void refusesAFolderWithoutALogAndMakesNone(@TempDir Path empty) {
        assertThatThrownBy(() -> auditIn(empty))
                .isInstanceOf(StartFailure.class)
                .hasMessage("There is no click log in %s (metadata.cq4t is missing). Set DATA_DIR to its folder."
                        .formatted(empty.resolve("log")));
        assertThat(empty).isEmptyDirectory();
    }

    @Test
    void oneAfterTheOtherMends() throws Exception {
        countSomeClicks();
        try (Database database = Database.connect(scene.settings().database(), "test", 2);
                var _ = new CountStore(database, UUID.randomUUID()).repair()) {
            assertThatThrownBy(() -> audit("--repair"))
                    .hasMessage(
                            "Another ./run.sh audit --repair is repairing counts. Wait until it has ended, then start again.");
        }
        assertThat(audit("--repair")).isZero();
    }

    @Test
    void refusesWordsThatItDoesNotUnderstand() {
        assertRefused(
                "--from is \"yesterday\", expected a time such as 2026-01-31T10:00:00Z or 2026-01-31T13:00:00+03:00",
                "--from",
                "yesterday");
        assertRefused("--to needs a value", "--to", "--repair");
        assertRefused("--repair is given twice", "--repair", "--repair");
        assertRefused("\"--form\" is not understood; there are --from, --repair, --sums, --to", "--form");
        assertRefused(
                "--from is 2026-03-01T10:00:00Z, which is not before --to, 2026-03-01T10:00:00Z",
                "--from=2026-03-01T10:00:00Z",
                "--to=2026-03-01T10:00:00Z");
    }

    private void assertRefused(String what, String... words) {
        assertThatThrownBy(() -> audit(words))
                .isInstanceOf(StartFailure.class)
                .hasMessage(what + ". ./run.sh audit --help explains the command.");
    }

    private void countSomeClicks() {
        scene.clicks(7, START, 3);
        scene.clicks(7, START.plusSeconds(60), 2);
        scene.clicks(8, START.plus(CYCLE.multipliedBy(2)), 4);
        scene.countAll();
    }

    /// One count that should not be, one too high, one too low, one missing.
    private void spoil() {
        scene.execute("""
                insert into banner_minute values (6, '2026-03-01T10:00:00Z', 1);
                update banner_minute set clicks = 4 where banner_id = 7 and minute = '2026-03-01T10:00:00Z';
                update banner_minute set clicks = 1 where banner_id = 7 and minute = '2026-03-01T10:01:00Z';
                delete from banner_minute where banner_id = 8""");
    }

    /// Two too high or made up, one missing, one too low, and one behind all that is summed up.
    private void spoilSums() {
        scene.execute("""
                insert into banner_hour values (6, '2026-03-01T10:00:00Z', 1);
                update banner_hour set clicks = clicks + 1 where banner_id = 7 and hour = '2026-03-01T10:00:00Z';
                delete from banner_day where banner_id = 8 and day = '2026-03-01T00:00:00Z';
                update banner_month set clicks = 2 where banner_id = 7 and month = '2026-03-01T00:00:00Z';
                insert into banner_month values (9, '2031-01-01T00:00:00Z', 5)""");
    }

    /// Six clicks of the last hours of February, and those of [#countSomeClicks].
    private void countClicksOfTwoMonths(String firstClick) throws SQLException {
        scene.clicks(7, Instant.parse(firstClick), 2);
        scene.click(7, Instant.parse("2026-02-28T23:58:00Z"));
        scene.clicks(8, Instant.parse("2026-02-28T23:59:00Z"), 3);
        countSomeClicks();
        rollUp("2026-03-01T10:30:00Z");
    }

    private void countAndDropAMonth(String firstClick) throws SQLException {
        countClicksOfTwoMonths(firstClick);
        dropLastMonth();
    }

    private void dropLastMonth() {
        try (Database database = Database.connect(scene.settings().database(), "test", 1)) {
            new CountStore(database, UUID.randomUUID()).dropPartitions(Instant.parse("2026-03-01T00:00:00Z"));
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private void rollUp(String until) throws SQLException {
        try (Database database = Database.connect(scene.settings().database(), "test", 1)) {
            long minute = Instant.parse(until).getEpochSecond() / 60;
            new CountStore(database, UUID.randomUUID()).rollUp(minute, 1_000_000_000, Duration.ofMinutes(1));
        }
    }

    private void assertSumsAreExact() {
        for (String sum : List.of("hour", "day", "month")) {
            assertThat(scene.number(RollUpTest.DIFFERENCES.replace("{sum}", sum)))
                    .as(sum)
                    .isZero();
        }
    }

    private void addLog(long lastIndex) {
        scene.execute("insert into click_log values ('%s', 1, 1, %d, now())".formatted(new UUID(0, 1), lastIndex));
    }

    private List<Difference> differences(int maxCounts, boolean repair) throws SQLException, IOException {
        return differences(maxCounts, repair, _ -> {});
    }

    private List<Difference> differences(int maxCounts, boolean repair, Consumer<Difference> sink)
            throws SQLException, IOException {
        var differences = new ArrayList<Difference>();
        try (ClickReader log = ClickReader.inspect(scene.logFolder());
                Database database = Database.connect(scene.settings().database(), "test", 2)) {
            var progress = new Progress(System.err, false, System::nanoTime, log.cycles());
            new Audit(new CountStore(database, log.logId()), log, maxCounts, progress)
                    .run(Optional.empty(), Audit.END, repair, sink.andThen(differences::add));
        }
        return differences;
    }

    private int audit(String... words) throws SQLException, IOException {
        return auditIn(scene.folder(), words);
    }

    private int auditIn(Path folder, String... words) throws SQLException, IOException {
        var bytes = new ByteArrayOutputStream();
        var settings = new SettingsReader(Map.of("DATA_DIR", folder.toString(), "DATABASE_URL", scene.databaseUrl()));
        try (var out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            return AuditMain.run(new Arguments("./run.sh audit", List.of(words)), settings, out);
        } finally {
            output = bytes.toString(StandardCharsets.UTF_8);
        }
    }
}
