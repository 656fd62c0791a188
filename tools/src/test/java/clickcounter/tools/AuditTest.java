package clickcounter.tools;

import static clickcounter.testing.LogAndDatabase.START;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.counts.CountRepair;
import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.ExitCode;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.tools.Audit.Difference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `./run.sh audit`, with a log and a database that it does not fit to.
final class AuditTest {
    private static final Duration CYCLE = Duration.ofMinutes(10);

    private final Scene scene = new Scene();
    private String output = "";
    private String error = "";

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
                        "No minutes from 2026-03-01T10:00:00Z on have been summed up by hour, day and month yet.");
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
                        "4 counts differ; --repair repairs them. The log has 9 clicks in 4 counts, from 2026-03-01T10:00:00Z to what the database has (record 0x%x)."
                                .formatted(scene.logEnd()),
                        "No minutes from 2026-03-01T10:00:00Z on have been summed up by hour, day and month yet.");
    }

    @Test
    void repairsWhatDiffers() throws Exception {
        countSomeClicks();
        spoil();

        assertThat(audit("--repair")).isZero();
        assertThat(output).contains("4 counts differed and have been repaired.");
        scene.assertAllIsCountedOnce();
        assertThat(audit("--repair")).isZero();
        assertThat(output).startsWith("Equal: ");
        scene.assertAllIsCountedOnce();
    }

    @Test
    void repairsTheSumsOfWhatDiffersToo() throws Exception {
        countSomeClicks();
        rollUp("2026-03-01T10:01:00Z");
        spoil();
        scene.execute("update banner_day set clicks = 1000 where banner_id = 7");
        scene.execute("update total_day set clicks = 1000");
        scene.execute("update total_minute set clicks = 1000");

        assertThat(audit("--repair")).isZero();

        scene.assertAllIsCountedOnce();
        assertThat(scene.number("select sum(clicks) from banner_month")).isEqualTo(3);
        scene.assertSumsAreExact();
        for (String total : List.of("minute", "hour", "day", "month")) {
            assertThat(scene.number("select sum(clicks) from total_" + total))
                    .as(total)
                    .isEqualTo(3);
        }
    }

    @Test
    void namesAndRepairsTheHoursOfMinutesThatWereDropped() throws Exception {
        countAndDropAMonth("2026-02-28T22:00:00Z");

        assertThat(audit()).as(() -> output).isZero();
        assertThat(output.lines())
                .containsExactly(
                        "Equal: 15 clicks in 6 counts, from 2026-02-28T22:00:00Z to what the database has (record 0x%x)."
                                .formatted(scene.logEnd()),
                        "Minutes before 2026-03-01T00:00:00Z have been dropped (STATS_RETENTION_MINUTES): of these, the hours that lie wholly in the range were compared.",
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
        assertThat(output).contains("4 counts differed and have been repaired.");
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
        assertRefused(
                "Minutes before 2026-03-01T00:00:00Z have been dropped (STATS_RETENTION_MINUTES), and no hour before it lies wholly in the range: there is nothing to compare. Audit whole hours, or begin there: --from 2026-03-01T00:00:00Z.",
                "--to",
                "2026-03-01T00:00:00Z");
    }

    @Test
    void repairsNothingWhenTheMinutesAreDroppedMeanwhile() throws Exception {
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
    void namesAndRepairsEachSumThatIsNotTheOneOfItsParts() throws Exception {
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
                        "5 sums by hour, day and month differ; --repair repairs them.");

        assertThat(audit("--repair")).isZero();
        assertThat(output).contains("5 sums by hour, day and month differed and have been repaired.");
        scene.assertSumsAreExact();
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
        scene.assertSumsAreExact();
        scene.assertAllIsCountedOnce();
    }

    @Test
    void namesAndRepairsTheTotalsOfAllBannersThatAreWrong() throws Exception {
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
        scene.assertSumsAreExact();
    }

    @Test
    void comparesTheSumsAloneFromBeforeTheLog() throws Exception {
        countAndDropAMonth("2026-02-28T22:00:00Z");
        scene.closeWriter();
        Files.delete(scene.logFiles().getFirst());
        spoilSums();
        scene.execute("update banner_day set clicks = 9 where banner_id = 7 and day = '2026-02-28T00:00:00Z'");

        assertThat(audit("--sums", "--to", "2026-03-01T00:00:00Z")).isEqualTo(1);
        assertThat(output.lines())
                .containsExactly(
                        "banner 7  day 2026-02-28T00:00:00Z  database 9  its hours 3",
                        "1 sums by hour, day and month differ; --repair repairs them.");
        assertThat(audit("--sums", "--repair")).isZero();
        assertThat(output).contains("6 sums by hour, day and month differed and have been repaired.");
        assertThat(audit("--sums")).isZero();
        assertThat(output.lines())
                .containsExactly(
                        "Equal: the sums by hour, day and month, from 2026-02-01T00:00:00Z to 2026-03-01T10:30:00Z, up to which minutes are summed up.");
    }

    @Test
    void repairsSumsWhereAnotherLogMayHaveCountedToo() throws Exception {
        countSomeClicks();
        addLog(scene.countedTo());
        rollUp("2026-03-01T10:30:00Z");
        spoilSums();

        assertThat(audit("--repair")).isZero();
        scene.assertSumsAreExact();
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
    void isExactAndRepairsWhileClicksComeInAndAreCounted() throws Exception {
        scene.clicks(7, START, 1_000);
        scene.countAll();
        var isDone = new AtomicBoolean();
        try (var _ = scene.startAggregator()) {
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
                    assertThat(output).contains("have been repaired");
                }
            } finally {
                isDone.set(true);
                clicking.join();
            }
        }
        scene.countAll();

        assertThat(audit()).as(() -> output).isZero();
        scene.assertAllIsCountedOnce();
        scene.assertSumsAreExact();
    }

    @Test
    void refusesARangeThatBeginsBeforeTheOldestFile() throws Exception {
        countSomeClicks();
        scene.closeWriter();
        Files.delete(scene.logFiles().getFirst());

        assertRefused(
                "--from is 2026-03-01T10:00:00Z, but the oldest file of the log begins at 2026-03-01T10:20:00Z: earlier clicks cannot be counted again. Begin there: --from 2026-03-01T10:20:00Z.",
                "--from",
                "2026-03-01T10:00:00Z");
        assertRefused(
                "The oldest file of the log begins at 2026-03-01T10:20:00Z, which is not before --to, 2026-03-01T10:20:00Z: there is nothing to compare.",
                "--to",
                "2026-03-01T10:20:00Z");
        assertThat(audit()).isZero();
        assertThat(output).startsWith("Equal: 4 clicks in 1 counts, from 2026-03-01T10:20:00Z");
    }

    @Test
    void findsOnlyCountsThatAreTooLowWhereAnotherLogMayHaveCounted() throws Exception {
        countSomeClicks();
        addLog(scene.countedTo());
        spoil();

        assertThat(audit()).isEqualTo(1);
        assertThat(output.lines())
                .containsSubsequence(
                        "banner 7  minute 2026-03-01T10:01:00Z  database 1  log 2",
                        "banner 8  minute 2026-03-01T10:20:00Z  database 0  log 4")
                .hasSize(4);
        assertThat(audit("--repair")).isEqualTo(2);
        assertThat(error).isEqualTo("""
                run.sh audit: Nothing was repaired: other logs (%s) may have counted into the same minutes, so this log \
                does not have all clicks. Repair a range in which only this log can have clicks: --from, --to.
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
        assertThat(output).contains("1 counts differed and have been repaired.");
    }

    @Test
    void refusesADatabaseThatDoesNotKnowTheLog() {
        scene.click(7, START);

        assertThat(audit()).isEqualTo(2);
        assertThat(error)
                .contains("has counted nothing of this log")
                .endsWith("Start ./run.sh aggregator, or ./run.sh replay.\n");
    }

    @Test
    void refusesALogThatDoesNotHoldThePosition() {
        countSomeClicks();
        scene.execute("update click_log set last_index = last_index + 1");

        assertThat(audit()).isEqualTo(ExitCode.LOG_MISMATCH.status());
        assertThat(error).contains("does not hold record 0x%x".formatted(scene.countedTo()));
    }

    @Test
    void refusesAFolderWithoutALogAndMakesNone(@TempDir Path empty) {
        assertThat(auditIn(empty)).isEqualTo(2);
        assertThat(error)
                .isEqualTo(
                        "run.sh audit: There is no click log in %s (metadata.cq4t is missing). Set DATA_DIR to its folder.\n",
                        empty.resolve("log"));
        assertThat(empty).isEmptyDirectory();
    }

    @Test
    void oneAfterTheOtherRepairs() throws Exception {
        countSomeClicks();
        try (Database database = Database.connect(scene.database(), "test", 2);
                var _ = new CountStore(database, UUID.randomUUID()).repair()) {
            assertRefused(
                    "Another ./run.sh audit --repair is repairing counts. Wait until it has ended, then start again.",
                    "--repair");
        }
        assertThat(audit("--repair")).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --from yesterday    | Invalid value for option '--from': "yesterday" is not a time such as 2026-01-31T10:00:00Z or 2026-01-31T13:00:00+03:00.
            --to                | Missing required parameter for option '--to' (TIME).
            --to --repair       | Expected parameter for option '--to' but found '--repair'.
            --repair --repair   | option '--repair' should be specified only once.
            --form              | "--form" is not understood. Did you mean --from?
            2026-03-01          | "2026-03-01" is not understood.
            """, quoteCharacter = '`')
    void refusesWordsThatItDoesNotUnderstand(String words, String what) {
        assertRefused(what + " ./run.sh audit --help explains the command.", words.split(" "));
    }

    @Test
    void refusesAnEmptyRange() {
        assertRefused(
                "--from is 2026-03-01T10:00:00Z, which is not before --to, 2026-03-01T10:00:00Z.",
                "--from=2026-03-01T10:00:00Z",
                "--to=2026-03-01T10:00:00Z");
    }

    private void assertRefused(String message, String... words) {
        assertThat(audit(words)).isEqualTo(2);
        assertThat(error).isEqualTo("run.sh audit: %s%n", message);
    }

    @Test
    void comparesALogOfWhichAFileHasNoClicks() throws Exception {
        scene.clicks(7, START, 3);
        scene.appendRaw(START.plus(CYCLE), appender -> appender.writeText("no click"));
        scene.clicks(8, START.plus(CYCLE.multipliedBy(2)), 4);
        scene.countAll();

        assertThat(audit()).as(() -> error).isZero();
        assertThat(output).startsWith("Equal: 7 clicks in 2 counts");
    }

    /// The retention deletes the oldest file after the audit has listed it: its clicks are right in the database.
    @Test
    void repairsNothingWhenAFileIsDeletedBeforeItIsRead() throws Exception {
        countSomeClicks();
        try (ClickReader log = ClickReader.inspect(scene.logFolder());
                Database database = Database.connect(scene.database(), "test", 2);
                CountRepair repairing = new CountStore(database, log.logId()).repair()) {
            var audit = new Audit(new CountStore(database, log.logId()), log, Audit.MAX_COUNTS, repairing, _ -> {});
            Files.delete(scene.logFiles().getFirst());

            assertThatThrownBy(() -> audit.run(EpochMinute.of(START), EpochMinute.of(START) + 60))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("was deleted before it was read");
        }
        scene.assertAllIsCountedOnce();
    }

    /// Somebody has deleted a file in the middle: its clicks are right in the database.
    @Test
    void repairsNothingWhenAFileInTheMiddleIsMissing() throws Exception {
        countSomeClicks();
        scene.clicks(7, START.plus(CYCLE.multipliedBy(3)), 2);
        scene.countAll();
        Files.delete(scene.logFiles().get(1));

        assertThat(audit("--repair")).isEqualTo(5);
        assertThat(error).contains("The log has no file of 2026-03-01T10:20:00Z");
        scene.assertAllIsCountedOnce();
        assertThat(audit("--to", "2026-03-01T10:20:00Z")).as(() -> error).isZero();
        assertThat(audit("--from", "2026-03-01T10:30:00Z")).as(() -> error).isZero();
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
        try (Database database = Database.connect(scene.database(), "test", 1)) {
            new CountStore(database, UUID.randomUUID()).dropPartitions(Instant.parse("2026-03-01T00:00:00Z"));
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private void rollUp(String until) throws SQLException {
        try (Database database = Database.connect(scene.database(), "test", 1)) {
            long minute = Instant.parse(until).getEpochSecond() / 60;
            new CountStore(database, UUID.randomUUID()).rollUp(minute, 1_000_000_000, Duration.ofMinutes(1));
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
                Database database = Database.connect(scene.database(), "test", 2)) {
            var store = new CountStore(database, log.logId());
            try (CountRepair repairing = repair ? store.repair() : null) {
                new Audit(store, log, maxCounts, repairing, sink.andThen(differences::add))
                        .run(
                                EpochMinute.of(log.cycles().getFirst().start()),
                                EpochMinute.of(START.plus(Duration.ofDays(1))));
            }
        }
        return differences;
    }

    private int audit(String... words) {
        return auditIn(scene.folder(), words);
    }

    private int auditIn(Path dataDir, String... words) {
        Run run = Run.of(out -> new AuditCommand(scene.settings(dataDir), out), words);
        output = run.out();
        error = run.error();
        return run.exitCode();
    }
}
