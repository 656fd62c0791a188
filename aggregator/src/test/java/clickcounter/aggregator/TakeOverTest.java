package clickcounter.aggregator;

import static clickcounter.aggregator.Scene.START;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.counts.LogPosition;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.testing.Await;
import clickcounter.testing.LogLines;
import clickcounter.testing.TestFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who counts a log, and from where: other aggregators, other logs, other states of the database.
class TakeOverTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Scene scene = new Scene();

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void theOlderOfTwoAggregatorsStopsAndNothingIsCountedTwice() {
        var older = new Lifetime();
        var newer = new Lifetime();
        scene.clicks(7, START, 3);
        try (var _ = start(older)) {
            Await.until("the older one counts", () -> scene.clicksInDatabase() == 3);
            scene.clicks(7, START.plusSeconds(1), 3);
            try (var _ = start(newer)) {
                scene.clicks(7, START.plusSeconds(2), 3);

                assertThat(older.await(LIMIT))
                        .contains(new Lifetime.End(
                                ExitCode.SUPERSEDED,
                                "Another aggregator has taken this log over (epoch 2, ours was 1). It goes on counting where"
                                        + " this one stopped; there must be one per log."));
                scene.clicks(8, START.plusSeconds(60), 5);
                Await.until("the newer one goes on", () -> scene.clicksInDatabase() == scene.expectedClicks());
                assertThat(newer.hasEnded()).isFalse();
            }
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void theOlderStopsInTheMiddleOfAFailingFlush() {
        scene.execute("""
                create function fail_first_owner() returns trigger language plpgsql as $$
                    begin
                        if (select epoch from click_log) = 1 then
                            raise exception 'the first owner fails';
                        end if;
                        return null;
                    end $$;
                create trigger fail_first_owner after insert on banner_minute
                    for each statement execute function fail_first_owner()""");
        var older = new Lifetime();
        var newer = new Lifetime();
        scene.clicks(7, START, 3);
        try (var log = new LogLines(Flusher.class);
                var _ = start(older)) {
            Await.until("a flush has failed", () -> !log.lines().isEmpty());
            assertThat(scene.clicksInDatabase()).isZero();
            try (var _ = start(newer)) {
                assertThat(older.await(LIMIT)).map(Lifetime.End::code).contains(ExitCode.SUPERSEDED);
                Await.until("the newer one counts", () -> scene.clicksInDatabase() == 3);
                assertThat(newer.hasEnded()).isFalse();
            }
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void aggregatorsThatTakeOverFromEachOtherCountOnce() {
        var lifetimes = List.of(new Lifetime(), new Lifetime(), new Lifetime(), new Lifetime(), new Lifetime());
        scene.clicks(1, START, 100);
        for (Lifetime lifetime : lifetimes) {
            Aggregator aggregator = start(lifetime);
            scene.clicks(1, START.plusSeconds(1), 100);
            var _ = Thread.ofPlatform().start(() -> {
                lifetime.await();
                aggregator.close();
            });
        }
        assertThat(lifetimes.subList(0, lifetimes.size() - 1))
                .allSatisfy(lifetime -> assertThat(lifetime.await(LIMIT))
                        .map(Lifetime.End::code)
                        .contains(ExitCode.SUPERSEDED));
        Await.until("all is counted", () -> scene.clicksInDatabase() == scene.expectedClicks());
        lifetimes.getLast().end(ExitCode.STOPPED, "done");

        scene.assertAllIsCountedOnce();
    }

    @Test
    void refusesALogThatDoesNotHoldThePosition() throws IOException {
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.closeWriter();
        try (var files = Files.list(scene.logFolder())) {
            for (Path file : files.filter(file -> !file.endsWith("log.id")).toList()) {
                Files.delete(file);
            }
        }

        assertThatThrownBy(() -> start(new Lifetime()))
                .isInstanceOfSatisfying(
                        StartFailure.class,
                        failure -> assertThat(failure.code()).isEqualTo(ExitCode.LOG_MISMATCH))
                .hasMessage("""
                        The click log in %s (id %s) does not hold record 0x%x, up to which the database has counted it: \
                        files of the log were deleted, replaced or restored from an older copy. Bring the right files \
                        back. If what is in the folder now was never counted, delete %s to count it as a new log.\
                        """.formatted(
                                scene.logFolder(),
                                logId(),
                                scene.position().lastIndex(),
                                scene.logFolder().resolve("log.id")));
    }

    @Test
    void refusesALogThatEndsBeforeThePosition() {
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.execute("update click_log set last_index = last_index + 1");

        assertThatThrownBy(() -> start(new Lifetime())).isInstanceOf(StartFailure.class);

        scene.execute("update click_log set last_index = last_index - 1");
        scene.click(7, START);
        scene.countAll();
        scene.assertAllIsCountedOnce();
    }

    /// Such as one with a restored copy of the folder.
    @Test
    void anAggregatorThatRefusesItsLogDoesNotStopTheOneThatCounts() throws IOException {
        Path copy = scene.folder().resolve("copy");
        scene.click(7, START);
        scene.closeWriter();
        Files.createDirectories(copy.resolve("log"));
        Files.copy(scene.logFolder().resolve("log.id"), copy.resolve("log").resolve("log.id"));
        var lifetime = new Lifetime();
        try (var _ = start(lifetime)) {
            Await.until("the click is counted", () -> scene.clicksInDatabase() == 1);

            assertThatThrownBy(() -> Aggregator.start(scene.settings(copy), new Lifetime()))
                    .isInstanceOf(StartFailure.class);

            scene.click(7, START.plusSeconds(1));
            Await.until("the next one, too", () -> scene.clicksInDatabase() == 2);
            assertThat(lifetime.hasEnded()).isFalse();
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void theClicksOfANewLogAddUp() {
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.closeWriter();
        TestFiles.delete(scene.logFolder());
        scene.clicks(7, START, 4);
        scene.countAll();

        scene.assertAllIsCountedOnce();
        assertThat(scene.number("select count(*) from click_log")).isEqualTo(2);
    }

    @Test
    void endsWhenTheDatabaseWasRestoredToAnOlderState() {
        var lifetime = new Lifetime();
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.execute("""
                create table click_log_backup as select * from click_log;
                create table banner_minute_backup as select * from banner_minute""");
        scene.clicks(7, START.plusSeconds(1), 4);

        try (var _ = start(lifetime)) {
            Await.until("all is counted", () -> scene.clicksInDatabase() == 7);
            LogPosition counted = scene.position();
            scene.execute("""
                    truncate click_log, banner_minute;
                    insert into click_log select * from click_log_backup;
                    insert into banner_minute select * from banner_minute_backup""");
            scene.click(8, START.plusSeconds(60));

            assertThat(lifetime.await(LIMIT))
                    .contains(new Lifetime.End(ExitCode.DATABASE_CHANGED, """
                    The database's position in this log is not the one that was written (found %s, expected %s): it was \
                    restored or emptied. Start again to count on from its position.\
                    """.formatted(scene.position(), counted)));
        }
        assertThat(scene.clicksInDatabase()).isEqualTo(3);

        scene.countAll();
        scene.assertAllIsCountedOnce();
    }

    @Test
    void endsWhenTheDatabaseWasEmptied() {
        var lifetime = new Lifetime();
        scene.clicks(7, START, 3);
        try (var _ = start(lifetime)) {
            Await.until("all is counted", () -> scene.clicksInDatabase() == 3);
            scene.execute("truncate click_log, banner_minute");
            scene.click(7, START.plusSeconds(1));

            assertThat(lifetime.await(LIMIT)).hasValueSatisfying(end -> {
                assertThat(end.code()).isEqualTo(ExitCode.DATABASE_CHANGED);
                assertThat(end.reason()).contains("(found none, expected ");
            });
        }

        scene.countAll();
        scene.assertAllIsCountedOnce();
    }

    private Aggregator start(Lifetime lifetime) {
        return Aggregator.start(scene.busySettings(), lifetime);
    }

    private String logId() {
        try (var reader = ClickReader.open(scene.logFolder())) {
            return reader.logId().toString();
        }
    }
}
