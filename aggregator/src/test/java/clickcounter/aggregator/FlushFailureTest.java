package clickcounter.aggregator;

import static clickcounter.aggregator.Scene.START;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.Lifetime;
import clickcounter.testing.Await;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.FaultyProxy.CutPoint;
import clickcounter.testing.LogLines;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Flushes that fail, at each point at which they can.
class FlushFailureTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Scene scene = new Scene();
    private final FaultyProxy proxy = FaultyProxy.start(scene.databaseUrl());

    /// Counts attempts to write; a sequence does not go back with a transaction.
    @BeforeEach
    void countAttempts() {
        scene.execute("""
                create sequence attempts;
                create function count_attempt() returns trigger language plpgsql as $$
                    begin
                        perform nextval('attempts');
                        return null;
                    end $$;
                create trigger count_attempt before insert on banner_minute
                    for each statement execute function count_attempt()""");
    }

    @AfterEach
    void close() {
        proxy.close();
        scene.close();
    }

    @Test
    void aFlushThatFailsIsRepeatedAndCountsOnce() {
        scene.execute("""
                create function fail() returns trigger language plpgsql as $$
                    begin
                        raise exception 'no space left';
                    end $$;
                create trigger fail after insert on banner_minute for each statement execute function fail()""");
        scene.clicks(7, START, 3);

        try (var log = new LogLines(Flusher.class)) {
            try (var _ = start()) {
                Await.until("a flush has failed some times", () -> attempts() >= 4);
                scene.click(7, START.plusSeconds(1));
                scene.execute("drop trigger fail on banner_minute");
                Await.until("the flush succeeds", () -> scene.clicksInDatabase() > 0);
            }
            // Reported when it begins and when it ends, not at each attempt.
            assertThat(log.lines())
                    .satisfiesExactly(
                            line -> assertThat(line)
                                    .startsWith("WARN the database does not take the counts (ERROR: no space left"),
                            line -> assertThat(line).startsWith("INFO the database takes counts again, at attempt "));
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void aCommitThatFailsIsRepeatedAndCountsOnce() {
        failAtCommit();
        scene.clicks(7, START, 3);

        try (var _ = start()) {
            Await.until("a commit has failed", () -> attempts() >= 2);
            scene.execute("drop trigger z_fail_at_commit on banner_minute");
            Await.until("the flush succeeds", () -> scene.clicksInDatabase() > 0);
        }

        scene.assertAllIsCountedOnce();
    }

    @Test
    void aCommitWhoseAnswerIsLostIsNotRepeated() {
        CompletableFuture<Void> cut = proxy.cutAtNextCommit(CutPoint.AFTER_SERVER_ANSWERED);
        scene.clicks(7, START, 3);

        try (var _ = start()) {
            assertThat(cut).succeedsWithin(LIMIT);
            scene.click(8, START.plusSeconds(1));
            Await.until("the next flush is done", () -> scene.clicksInDatabase() == scene.expectedClicks());
        }

        scene.assertAllIsCountedOnce();
        assertThat(scene.position().flush()).isEqualTo(2);
        assertThat(attempts()).isEqualTo(2);
    }

    @Test
    void aCommitThatTheServerNeverSawIsRepeated() {
        CompletableFuture<Void> cut = proxy.cutAtNextCommit(CutPoint.BEFORE_SERVER_SEES_IT);
        scene.clicks(7, START, 3);

        try (var _ = start()) {
            assertThat(cut).succeedsWithin(LIMIT);
            Await.until("the flush is repeated", () -> scene.clicksInDatabase() == scene.expectedClicks());
        }

        scene.assertAllIsCountedOnce();
        assertThat(scene.position().flush()).isEqualTo(1);
        assertThat(attempts()).isEqualTo(2);
    }

    @Test
    void commitsThatAreLostOneAfterTheOtherCountOnce() {
        try (var _ = start()) {
            for (CutPoint point : CutPoint.values()) {
                for (int bannerId = 1; bannerId <= 3; bannerId++) {
                    CompletableFuture<Void> cut = proxy.cutAtNextCommit(point);
                    scene.clicks(bannerId, START, 2);
                    assertThat(cut).succeedsWithin(LIMIT);
                }
            }
        }

        scene.assertAllIsCountedOnce();
    }

    /// The server goes on with a commit whose client is gone. The repeated flush must wait for it, however it
    /// ends.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCommitThatIsStillRunningWhenItsOutcomeIsAskedForCountsOnce(boolean succeeds) throws SQLException {
        scene.execute("""
                create function wait_at_commit() returns trigger language plpgsql as $$
                    begin
                        perform pg_advisory_xact_lock_shared(1);
                        return null;
                    end $$;
                create constraint trigger wait_at_commit after insert on banner_minute
                    deferrable initially deferred for each row execute function wait_at_commit()""");
        if (!succeeds) {
            failAtCommit();
        }
        CompletableFuture<Void> cut = proxy.cutAtNextCommit(CutPoint.AFTER_SERVER_HAS_IT);
        scene.clicks(7, START, 3);

        try (Connection blocker = scene.connect();
                var statement = blocker.createStatement()) {
            statement.execute("select pg_advisory_lock(1)");
            try (var _ = start()) {
                assertThat(cut).succeedsWithin(LIMIT);
                scene.awaitWaitingFor("advisory", 1);
                scene.awaitWaitingFor("transactionid", 1);
                assertThat(scene.clicksInDatabase()).isZero();
                statement.execute("select pg_advisory_unlock(1)");
                if (!succeeds) {
                    Await.until("the commit fails and its repetition, too", () -> attempts() >= 3);
                    statement.execute("drop trigger z_fail_at_commit on banner_minute");
                }
                Await.until("the clicks are counted", () -> scene.clicksInDatabase() > 0);
            }
        }

        scene.assertAllIsCountedOnce();
        assertThat(scene.position().flush()).isEqualTo(1);
        if (succeeds) {
            assertThat(attempts()).isEqualTo(1);
        }
    }

    private Aggregator start() {
        return Aggregator.start(
                scene.busySettings(DatabaseSettings.of(proxy.url(scene.databaseUrl()))), new Lifetime());
    }

    /// Triggers of one event fire in the order of their names: this one is the last.
    private void failAtCommit() {
        scene.execute("""
                create function z_fail_at_commit() returns trigger language plpgsql as $$
                    begin
                        raise exception 'refused at commit';
                    end $$;
                create constraint trigger z_fail_at_commit after insert or update on banner_minute
                    deferrable initially deferred for each row execute function z_fail_at_commit()""");
    }

    private long attempts() {
        return scene.number("select case when is_called then last_value else 0 end from attempts");
    }
}
