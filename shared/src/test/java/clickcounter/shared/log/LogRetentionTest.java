package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.log.TestLog.Click;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A log of five cycles with one click each, ten minutes apart.
final class LogRetentionTest {
    private static final Instant START = Instant.parse("2027-01-15T08:00:00Z");
    private static final Duration CYCLE = Duration.ofMinutes(10);
    private static final int CYCLES = 5;
    private static final Instant NOW = START.plus(CYCLE.multipliedBy(CYCLES));

    @TempDir
    Path folder;

    private TestLog log;
    private List<Click> clicks;

    @BeforeEach
    void writeFiveCycles() {
        log = new TestLog(folder);
        var nowMs = new AtomicLong(START.toEpochMilli());
        try (var writer = log.writer(nowMs::get)) {
            for (long bannerId = 1; bannerId <= CYCLES; bannerId++) {
                writer.append(bannerId);
                nowMs.addAndGet(CYCLE.toMillis());
            }
        }
        clicks = log.clicks();
    }

    @Test
    void deletesCyclesThatAreTooOldAndReadingGoesOnAfterwards() throws IOException {
        var retention = new LogRetention(folder, Duration.ofMinutes(25), Long.MAX_VALUE);

        assertThat(retention.apply(position(5), NOW)).isEqualTo(2);
        assertThat(log.bannerIds()).containsExactly(3L, 4L, 5L);
        assertThat(retention.apply(position(5), NOW)).isZero();
        try (var reader = log.reader()) {
            assertThat(reader.moveTo(position(4))).isTrue();
            assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(5L);
        }
        try (var writer = log.writer(NOW::toEpochMilli)) {
            writer.append(6);
        }
        assertThat(log.bannerIds()).containsExactly(3L, 4L, 5L, 6L);
    }

    @Test
    void keepsEveryCycleWithAClickThatIsNotInTheDatabaseHoweverOld() throws IOException {
        var nothing = new LogRetention(folder, Duration.ZERO, 0);

        assertThat(nothing.apply(ClickReader.START, NOW)).isZero();
        assertThat(nothing.apply(position(1), NOW)).isZero();
        assertThat(nothing.apply(position(3), NOW)).isEqualTo(2);
        assertThat(log.bannerIds()).containsExactly(3L, 4L, 5L);
    }

    @Test
    void deletesTheOldestWhileAllAreTooLarge() throws IOException {
        long bytes = Files.size(log.cycleFiles().getFirst());
        var retention = new LogRetention(folder, Duration.ofDays(7), 3 * bytes);

        assertThat(retention.apply(position(5), NOW)).isEqualTo(2);
        assertThat(log.bannerIds()).containsExactly(3L, 4L, 5L);
    }

    @Test
    void aWriterThatIsOpenGoesOn() throws IOException {
        var nowMs = new AtomicLong(NOW.toEpochMilli());
        try (var writer = log.writer(nowMs::get);
                var reader = log.reader()) {
            assertThat(reader.moveTo(position(5))).isTrue();
            writer.append(6);
            new LogRetention(folder, Duration.ZERO, 0).apply(position(5), NOW);
            writer.append(7);
            nowMs.addAndGet(CYCLE.toMillis());
            writer.append(8);
            assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(6L, 7L, 8L);
        }
    }

    private long position(int bannerId) {
        return clicks.get(bannerId - 1).index();
    }
}
