package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import clickcounter.shared.log.TestLog.Click;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One process writes and reads.
class ClickLogTest {
    private static final long CYCLE_MS = LogFolder.ROLL_CYCLE.lengthInMillis();
    private static final long MINUTE_MS = 60_000;
    private static final long CYCLE_START =
            Instant.parse("2026-01-01T10:00:00Z").toEpochMilli();

    private final TestLog log;

    ClickLogTest(@TempDir Path folder) {
        log = new TestLog(folder.resolve("log"));
    }

    @Test
    void isEmptyAtFirst() {
        assertThat(log.clicks()).isEmpty();
        try (var reader = log.reader()) {
            assertThat(reader.read(10, (_, _, _) -> true)).isZero();
            assertThat(reader.position()).isEqualTo(ClickReader.START);
        }
    }

    @Test
    void givesBackWhatWasAppended() {
        long seed = System.nanoTime();
        List<Long> bannerIds = new ArrayList<>(List.of(1L, Long.MAX_VALUE, 127L, 128L, 255L, 65_535L, 1L << 32, 1L));
        new Random(seed)
                .longs(1_000)
                .map(id -> id & Long.MAX_VALUE)
                .filter(id -> id > 0)
                .forEach(bannerIds::add);
        long before = System.currentTimeMillis();
        try (var writer = log.writer()) {
            bannerIds.forEach(writer::append);
            assertThat(writer.appendedClicks()).isEqualTo(bannerIds.size());
        }
        long after = System.currentTimeMillis();

        List<Click> clicks = log.clicks();
        assertThat(clicks).as("seed %d", seed).extracting(Click::bannerId).isEqualTo(bannerIds);
        assertThat(clicks).extracting(Click::timestampMs).isSorted().allMatch(ts -> ts >= before && ts <= after);
        assertThat(clicks).extracting(Click::index).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void aReaderSeesAtOnceWhatIsAppended() {
        try (var writer = log.writer();
                var reader = log.reader()) {
            for (long bannerId = 1; bannerId <= 100; bannerId++) {
                writer.append(bannerId);
                assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(bannerId);
            }
        }
    }

    @Test
    void readsAtMostAsManyRecordsAsAskedFor() {
        append(1, 2, 3);
        try (var reader = log.reader()) {
            assertThat(reader.read(2, (_, _, _) -> true)).isEqualTo(2);
            assertThat(reader.read(2, (_, _, _) -> true)).isEqualTo(1);
            assertThat(reader.read(2, (_, _, _) -> true)).isZero();
        }
    }

    @Test
    void stopsWhenTheSinkSaysSoAndGoesOnAfterThatClick() {
        append(1, 2, 3);
        var seen = new ArrayList<Long>();
        try (var reader = log.reader()) {
            int consumed = reader.read(10, (_, bannerId, _) -> {
                seen.add(bannerId);
                return bannerId != 2;
            });

            assertThat(consumed).isEqualTo(2);
            assertThat(seen).containsExactly(1L, 2L);
            assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(3L);
        }
    }

    @Test
    void aClickAtWhichTheSinkThrowsCountsAsConsumed() {
        append(1, 2, 3);
        try (var reader = log.reader()) {
            assertThatThrownBy(() -> reader.read(10, (_, bannerId, _) -> {
                        if (bannerId == 2) {
                            throw new IllegalStateException("enough");
                        }
                        return true;
                    }))
                    .hasMessage("enough");

            assertThat(reader.position()).isEqualTo(log.clicks().get(1).index());
            assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(3L);
        }
    }

    @Test
    void resumesAfterAnyRecordAcrossCycles() {
        var clock = new AtomicLong(CYCLE_START);
        try (var writer = log.writer(clock::get)) {
            for (long bannerId = 1; bannerId <= 9; bannerId++) {
                writer.append(bannerId);
                clock.addAndGet(CYCLE_MS / 3);
            }
        }
        List<Click> clicks = log.clicks();
        assertThat(clicks.stream().map(click -> click.index() >>> 32).distinct())
                .hasSize(3);

        try (var reader = log.reader()) {
            assertThat(reader.moveTo(ClickReader.START)).isTrue();
            assertThat(reader.position()).isEqualTo(ClickReader.START);
            assertThat(TestLog.rest(reader)).isEqualTo(clicks);
            for (int last = clicks.size() - 1; last >= 0; last--) {
                long position = clicks.get(last).index();
                assertThat(reader.moveTo(position)).isTrue();
                assertThat(reader.position()).isEqualTo(position);
                assertThat(TestLog.rest(reader)).isEqualTo(clicks.subList(last + 1, clicks.size()));
            }
            assertThat(reader.moveTo(ClickReader.START)).isTrue();
            assertThat(TestLog.rest(reader)).isEqualTo(clicks);
        }
    }

    @Test
    void resumesAtTheEndAndGoesOnIntoTheNextCycle() {
        var clock = new AtomicLong(CYCLE_START);
        try (var writer = log.writer(clock::get);
                var reader = log.reader()) {
            writer.append(1);
            assertThat(reader.moveTo(log.clicks().getFirst().index())).isTrue();
            assertThat(TestLog.rest(reader)).isEmpty();

            clock.addAndGet(5 * CYCLE_MS);
            writer.append(2);
            assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(2L);
        }
    }

    @Test
    void doesNotMoveToARecordThatIsNotThere() {
        var clock = new AtomicLong(CYCLE_START);
        try (var writer = log.writer(clock::get)) {
            writer.append(1);
            clock.addAndGet(2 * CYCLE_MS);
            writer.append(2);
        }
        long first = log.clicks().getFirst().index();
        long second = log.clicks().getLast().index();
        long cycle = 1L << 32;

        try (var reader = log.reader()) {
            for (long missing : new long[] {
                0, 1, first - 1, first + 1, first - cycle, first + cycle, second + 1, second + cycle, Long.MAX_VALUE
            }) {
                assertThat(reader.moveTo(missing)).as("0x%x", missing).isFalse();
            }
            assertThat(reader.moveTo(first)).isTrue();
            assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(2L);
        }
    }

    @Test
    void doesNotMoveToARecordOfADeletedCycle() throws IOException {
        var clock = new AtomicLong(CYCLE_START);
        try (var writer = log.writer(clock::get);
                var reader = log.reader()) {
            writer.append(1);
            clock.addAndGet(CYCLE_MS);
            writer.append(2);
            List<Click> clicks = TestLog.rest(reader);

            Files.delete(log.cycleFiles().getFirst());

            assertThat(reader.moveTo(clicks.getFirst().index())).isFalse();
            assertThat(reader.moveTo(clicks.getLast().index())).isTrue();
        }
    }

    @Test
    void timeStandsStillAfterAStepBackEvenOverACycle() {
        var clock = new AtomicLong(CYCLE_START + CYCLE_MS);
        try (var writer = log.writer(clock::get)) {
            writer.append(1);
            clock.addAndGet(-1);
            writer.append(2);
            clock.set(CYCLE_START + CYCLE_MS - MINUTE_MS);
            writer.append(3);
            clock.set(CYCLE_START + CYCLE_MS + 1);
            writer.append(4);
        }

        assertThat(log.clicks())
                .extracting(click -> click.timestampMs() - CYCLE_START - CYCLE_MS)
                .containsExactly(0L, 0L, 0L, 1L);
    }

    @Test
    void timeStandsStillAfterAStepBackWhileTheLogWasClosed() {
        long lateInTheCycle = CYCLE_START + CYCLE_MS - 1;
        try (var writer = log.writer(() -> lateInTheCycle)) {
            writer.append(1);
        }
        try (var writer = log.writer(() -> lateInTheCycle - MINUTE_MS)) {
            writer.append(2);
        }

        assertThat(log.clicks())
                .extracting(Click::bannerId, Click::timestampMs)
                .containsExactly(tuple(1L, lateInTheCycle), tuple(2L, lateInTheCycle));
    }

    @Test
    void timeFollowsAClockThatIsSetBackFurtherAndTheCycleDoesNot() {
        long farAhead = CYCLE_START + 200_000 * CYCLE_MS;
        var clock = new AtomicLong(farAhead);
        try (var writer = log.writer(clock::get)) {
            writer.append(1);
            clock.set(CYCLE_START);
            writer.append(2);
            clock.addAndGet(2 * CYCLE_MS);
            writer.append(3);
        }
        try (var writer = log.writer(clock::get)) {
            clock.addAndGet(CYCLE_MS);
            writer.append(4);
        }

        assertThat(log.clicks())
                .extracting(Click::timestampMs)
                .containsExactly(farAhead, CYCLE_START, CYCLE_START + 2 * CYCLE_MS, CYCLE_START + 3 * CYCLE_MS);
        assertThat(log.clicks())
                .extracting(click -> ClickReader.cycleOf(click.index()))
                .containsOnly(ClickReader.cycleOf(ClickReader.firstIndexOf(Instant.ofEpochMilli(farAhead))));
    }

    @Test
    void refusesClicksOnceItIsClosed() {
        var writer = log.writer();
        writer.append(1);
        writer.close();

        assertThatThrownBy(() -> writer.append(2))
                .isInstanceOf(LogUnavailable.class)
                .hasMessage("The server is stopping.");
        assertThat(log.bannerIds()).containsExactly(1L);
    }

    @Test
    void anInterruptedThreadHarmsNothing() {
        var clock = new AtomicLong(CYCLE_START);
        try (var writer = log.writer(clock::get)) {
            writer.append(1);
            Thread.currentThread().interrupt();
            writer.append(2);
            clock.addAndGet(CYCLE_MS);
            writer.append(3);
            assertThat(Thread.interrupted()).isTrue();
            writer.append(4);
        }
        assertThat(log.bannerIds()).containsExactly(1L, 2L, 3L, 4L);
    }

    private void append(long... bannerIds) {
        try (var writer = log.writer()) {
            LongStream.of(bannerIds).forEach(writer::append);
        }
    }
}
