package clickcounter.counts;

import static clickcounter.counts.Scene.counts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.EpochMinute;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// At every moment the sums by hour, day and month are those of exactly the minutes before the mark.
class RollUpTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final long FEBRUARY = minute("2024-02-01T00:00:00Z");
    private static final long MARCH = minute("2024-03-01T00:00:00Z");

    private final Scene scene = new Scene();
    private final CountStore store = new CountStore(scene.database, UUID.randomUUID());

    @AfterEach
    void close() {
        scene.close();
    }

    private static long minute(String time) {
        return EpochMinute.of(Instant.parse(time));
    }

    private static void flush(CountStore store, Counts counts) throws SQLException {
        LogPosition position = store.position().orElseThrow();
        assertThat(store.flush(position, position.lastIndex() + 1, counts)).isTrue();
    }

    private long clicks(String table) {
        return scene.number("select coalesce(sum(clicks), 0) from " + table);
    }

    @Test
    void sumsUpStepByStepAndSkipsWhatHasNoPartition() throws SQLException {
        store.takeOver();
        flush(store, counts(7, MARCH - 1, 1, 7, MARCH, 20, 7, MARCH + 59, 300, 8, MARCH + 1, 4_000));

        assertThat(store.rollUp(MARCH + 60, 10, TIMEOUT))
                .as("from the start of the first partition")
                .isEqualTo(FEBRUARY + 10);
        assertThat(store.rollUp(MARCH + 1, 1_000_000, TIMEOUT)).isEqualTo(MARCH + 1);
        scene.assertSumsAreExact();
        assertThat(clicks("banner_hour")).isEqualTo(21);
        assertThat(store.rollUp(MARCH + 1, 1, TIMEOUT)).as("nothing to do").isEqualTo(MARCH + 1);
        assertThat(store.rollUp(MARCH - 100, 1, TIMEOUT)).as("never back").isEqualTo(MARCH + 1);

        assertThat(store.rollUp(MARCH + 60, 1_000, TIMEOUT)).isEqualTo(MARCH + 60);
        scene.assertSumsAreExact();
        assertThat(clicks("banner_day")).isEqualTo(4_321);
        assertThat(scene.number("select count(*) from banner_month")).isEqualTo(3);
    }

    @Test
    void addsLateClicksToTheSums() throws SQLException {
        store.takeOver();
        flush(store, counts(7, MARCH, 1));
        store.rollUp(MARCH + 1_440, 1_000_000, TIMEOUT);

        flush(store, counts(7, MARCH, 10, 7, MARCH + 1_439, 100, 7, MARCH + 1_440, 1_000, 9, FEBRUARY, 1));

        scene.assertSumsAreExact();
        assertThat(clicks("banner_month")).isEqualTo(112);
        assertThat(clicks("banner_minute")).isEqualTo(1_112);
    }

    @Test
    void changesNothingWhenItFails() throws SQLException {
        store.takeOver();
        flush(store, counts(7, MARCH, 1));
        scene.execute("""
                create function fail() returns trigger language plpgsql as $$
                    begin
                        raise exception 'no space left';
                    end $$;
                create trigger fail after insert on banner_month for each statement execute function fail()""");

        assertThatThrownBy(() -> store.rollUp(MARCH + 10, 1_000_000, TIMEOUT))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("no space left");
        assertThat(clicks("banner_hour")).isZero();
        scene.execute("drop trigger fail on banner_month");

        store.rollUp(MARCH + 10, 1_000_000, TIMEOUT);
        scene.assertSumsAreExact();
        assertThat(clicks("banner_hour")).isEqualTo(1);
    }

    @Test
    void givesUpAStepThatTakesTooLong() throws SQLException {
        store.takeOver();
        flush(store, counts(7, MARCH, 1));
        scene.execute("""
                create function be_slow() returns trigger language plpgsql as $$
                    begin
                        perform pg_sleep(60);
                        return null;
                    end $$;
                create trigger be_slow after insert on banner_day for each statement execute function be_slow()""");

        assertThatThrownBy(() -> store.rollUp(MARCH + 10, 1_000_000, Duration.ofMillis(100)))
                .hasMessageContaining("canceling statement due to statement timeout");
        assertThat(clicks("banner_hour")).isZero();
        assertThat(scene.number("select extract(epoch from rolled_until) from roll_up"))
                .isZero();
    }

    @Test
    void keepsTheSumsOfMinutesThatAreDropped() throws SQLException {
        store.takeOver();
        flush(store, counts(7, FEBRUARY, 1, 7, MARCH, 20));
        Instant march = Instant.ofEpochSecond(MARCH * 60);

        assertThat(store.dropPartitions(march)).as("not summed up").isZero();
        store.rollUp(MARCH, 1_000_000, TIMEOUT);
        assertThat(store.dropPartitions(march.minusSeconds(1))).as("not over").isZero();
        assertThat(store.dropPartitions(march)).isEqualTo(1);

        assertThat(clicks("banner_minute")).isEqualTo(20);
        assertThat(clicks("banner_hour")).isEqualTo(1);
        flush(store, counts(7, FEBRUARY, 300, 7, MARCH, 4_000));
        assertThat(clicks("banner_minute"))
                .as("a late click of a dropped minute")
                .isEqualTo(4_020);
        assertThat(clicks("banner_hour")).isEqualTo(301);
        assertThat(clicks("banner_month")).isEqualTo(301);
    }

    @Test
    void dropsNoMinutesWhileTheyAreRead() throws SQLException {
        store.takeOver();
        flush(store, counts(7, FEBRUARY, 1, 7, MARCH, 20));
        store.rollUp(MARCH, 1_000_000, TIMEOUT);
        Instant march = Instant.ofEpochSecond(MARCH * 60);

        try (CountSnapshot snapshot = store.snapshot()) {
            assertThat(store.dropPartitions(march)).isZero();
            List<Long> minutes = new ArrayList<>();
            snapshot.forEachCount(Unit.MINUTE, FEBRUARY, MARCH + 1, (_, minute, _) -> minutes.add(minute));
            assertThat(minutes).containsExactlyInAnyOrder(FEBRUARY, MARCH);
        }

        assertThat(store.dropPartitions(march)).isEqualTo(1);
    }

    @Test
    void makesThePartitionsOfAllMonthsThatAreFlushed() throws SQLException {
        store.takeOver();
        long lastMinute = minute("9999-12-31T23:59:00Z");

        flush(store, counts(7, 0, 1, 7, FEBRUARY, 1, 7, MARCH, 1, 7, lastMinute, 1));
        flush(store, counts(7, 0, 1, 7, FEBRUARY, 1, 7, MARCH, 1, 7, lastMinute, 1));

        assertThat(clicks("banner_minute")).isEqualTo(8);
        assertThat(scene.number(
                        "select count(*) from minute_partition where since < '2025-01-01Z' or since > '9000-01-01Z'"))
                .isEqualTo(4);
    }

    /// Two hosts count, late and early, one rolls up, one drops months: all at once.
    @Test
    void isExactWhoeverWritesMeanwhile() throws Exception {
        long seed = System.nanoTime();
        System.out.println("isExactWhoeverWritesMeanwhile: seed " + seed);
        int flushes = 60;
        var done = new AtomicBoolean();
        List<Future<Long>> writers = new ArrayList<>();
        try (var threads = Executors.newCachedThreadPool()) {
            for (int writer = 0; writer < 3; writer++) {
                var own = new CountStore(scene.database, UUID.randomUUID());
                own.takeOver();
                var random = new Random(seed + writer);
                writers.add(threads.submit(() -> {
                    long sum = 0;
                    for (int flush = 0; flush < flushes; flush++) {
                        Counts counts = randomCounts(random, FEBRUARY + flush * 1_440L);
                        flush(own, counts);
                        sum += counts.totalClicks();
                    }
                    return sum;
                }));
            }
            Future<Void> rollUp = threads.submit(() -> {
                var random = new Random(-seed);
                while (!done.get()) {
                    store.rollUp(FEBRUARY + random.nextLong(flushes * 1_440L), 1 + random.nextInt(5_000), TIMEOUT);
                    scene.assertSumsAreExact();
                }
                return null;
            });
            long sum = 0;
            try {
                for (Future<Long> writer : writers) {
                    sum += writer.get(2, TimeUnit.MINUTES);
                }
            } finally {
                done.set(true);
            }
            rollUp.get(1, TimeUnit.MINUTES);

            scene.assertSumsAreExact();
            assertThat(clicks("banner_minute")).isEqualTo(sum);
            while (store.rollUp(FEBRUARY + 1_000_000, 1_000_000, TIMEOUT) < FEBRUARY + 1_000_000) {
                scene.assertSumsAreExact();
            }
            assertThat(clicks("banner_hour")).isEqualTo(sum);
            assertThat(clicks("banner_month")).isEqualTo(sum);
        }
    }

    /// Mostly of the day before `now`, some of long ago.
    private static Counts randomCounts(Random random, long now) {
        var builder = new Counts.Builder(0);
        Set<List<Long>> used = new HashSet<>();
        for (int row = random.nextInt(300); row >= 0; row--) {
            long bannerId = random.nextLong(1, 6);
            long minute = now - random.nextLong(random.nextInt(20) == 0 ? 60_000 : 1_440);
            if (used.add(List.of(bannerId, minute))) {
                builder.add(bannerId, minute, 1 + random.nextInt(100));
            }
        }
        return builder.build();
    }
}
