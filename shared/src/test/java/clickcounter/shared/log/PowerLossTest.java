package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.TestLog.Click;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A power loss, played by a copy of the log that was taken while it was being written, with pages of zeros
/// where the disk did not get the data, and read on another boot of the machine.
final class PowerLossTest {
    private static final String BEFORE = "boot-before";
    private static final String AFTER = "boot-after";
    private static final long PAGE_BYTES = 4096;
    private static final int CLICKS = 100_000;

    /// What the log's index does not know the place of, behind a hole.
    private static final int INDEX_SPACING = 256;

    private static final int BYTES_PER_RECORD = 36;
    private static final Duration MAX_WAIT = Duration.ofSeconds(20);
    private static final long TEN_MINUTES_MILLIS = 600_000;

    private final AtomicLong nowMillis = new AtomicLong(1_800_000_000_000L / TEN_MINUTES_MILLIS * TEN_MINUTES_MILLIS);

    @TempDir
    Path folder;

    @Test
    void aHoleInTheMiddleCostsOnlyItselfAndWhatTheIndexDoesNotKnow() throws IOException {
        TestLog log = crashedLog();
        zero(log, 300 * PAGE_BYTES, 3);

        List<Long> read = clicksAfterRestart(log, 500);

        long missing = CLICKS + 500L - read.size();
        assertThat(missing).isBetween(1L, 3L * PAGE_BYTES / BYTES_PER_RECORD + 2 + INDEX_SPACING);
        assertThat(read)
                .doesNotHaveDuplicates()
                .containsSequence((long) CLICKS, CLICKS + 1L)
                .isSorted();
    }

    @Test
    void aMissingEndIsPassedAndNewClicksAreRead() throws IOException {
        TestLog log = crashedLog();
        zero(log, 700 * PAGE_BYTES, 1_000);

        List<Long> read = clicksAfterRestart(log, 500);

        assertThat(read).doesNotHaveDuplicates().isSorted().endsWith(CLICKS + 500L);
        assertThat(read.getFirst()).isEqualTo(1);
        assertThat(read).containsSequence(CLICKS + 1L, CLICKS + 2L);
    }

    @Test
    void severalHolesAreAllPassed() throws IOException {
        TestLog log = crashedLog();
        for (int page = 200; page < 800; page += 100) {
            zero(log, page * PAGE_BYTES, 1);
        }

        List<Long> read = clicksAfterRestart(log, 500);

        long missing = CLICKS + 500L - read.size();
        assertThat(missing).isBetween(6L, 6L * (PAGE_BYTES / BYTES_PER_RECORD + 2 + INDEX_SPACING));
        assertThat(read).doesNotHaveDuplicates().isSorted().endsWith(CLICKS + 500L);
    }

    @Test
    void aPositionThatWasLostIsLeftBehind() throws IOException {
        TestLog log = crashedLog();
        List<Click> before = log.clicks();
        zero(log, 700 * PAGE_BYTES, 1_000);
        try (var reader = ClickReader.open(log.folder(), BEFORE)) {
            assertThat(reader.moveTo(before.getLast().index())).isFalse();
        }
        try (var reader = ClickReader.open(log.folder(), AFTER)) {
            assertThat(reader.moveTo(before.getLast().index()))
                    .as("the mark of the other boot tells")
                    .isTrue();
            assertThat(TestLog.rest(reader)).isEmpty();

            append(log, 500);
            assertThat(readUntil(reader, CLICKS + 500L)).startsWith(CLICKS + 1L).hasSize(500);
        }
        try (var reader = ClickReader.open(log.folder(), AFTER)) {
            assertThat(reader.moveTo(before.getLast().index()))
                    .as("and so does the first cycle, when the mark is gone")
                    .isTrue();
            assertThat(readUntil(reader, CLICKS + 500L)).startsWith(CLICKS + 1L).hasSize(500);
        }
    }

    @Test
    void aHalfMadeCycleFileIsPassed() throws IOException {
        TestLog log = crashedLog();
        Path halfMade = LogFolder.file(log.folder(), (int) (nowMillis.get() / TEN_MINUTES_MILLIS) + 1);
        try (var file = new RandomAccessFile(halfMade.toFile(), "rw")) {
            file.setLength(80 << 20);
        }

        List<Long> read = clicksAfterRestart(log, 500);

        assertThat(read).hasSize(CLICKS + 500).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void newClicksHaveTheirOwnTimeAlthoughTheirCycleBeginsEarly() throws IOException {
        TestLog log = crashedLog();
        nowMillis.addAndGet(1_000);
        append(log, 1);

        Click last = log.clicks().getLast();
        assertThat(last.timestampMillis()).isEqualTo(nowMillis.get());
        assertThat(log.cycleFiles()).hasSize(2);
    }

    @Test
    void aLogThatWasClosedGoesOnInItsCycleAfterAReboot() throws IOException {
        var log = new TestLog(folder);
        try (var writer = open(log, BEFORE)) {
            writer.append(1);
        }
        try (var writer = open(log, AFTER)) {
            writer.append(2);
        }
        assertThat(log.bannerIds()).containsExactly(1L, 2L);
        assertThat(log.cycleFiles()).hasSize(1);
    }

    /// A copy of a log that was not closed.
    private TestLog crashedLog() throws IOException {
        var log = new TestLog(folder.resolve("before"));
        Path copy = Files.createDirectories(folder.resolve("after"));
        try (var writer = open(log, BEFORE)) {
            for (long bannerId = 1; bannerId <= CLICKS; bannerId++) {
                writer.append(bannerId);
            }
            try (var files = Files.list(log.folder())) {
                for (Path file : files.toList()) {
                    Files.copy(file, copy.resolve(file.getFileName()));
                }
            }
        }
        return new TestLog(copy);
    }

    private static void zero(TestLog log, long offset, int pages) throws IOException {
        try (var file = new RandomAccessFile(log.cycleFiles().getFirst().toFile(), "rw")) {
            file.seek(offset);
            file.write(new byte[(int) (pages * PAGE_BYTES)]);
        }
    }

    private ClickWriter open(TestLog log, String bootId) {
        return ClickWriter.open(log.settings(), new Lifetime(), nowMillis::get, bootId);
    }

    /// Appends clicks, numbered on, on the other boot.
    private void append(TestLog log, int clicks) {
        try (var writer = open(log, AFTER)) {
            for (int click = 1; click <= clicks; click++) {
                writer.append(CLICKS + click);
            }
        }
    }

    /// What a reader from the start gets after that.
    private List<Long> clicksAfterRestart(TestLog log, int newClicks) {
        append(log, newClicks);
        try (var reader = ClickReader.open(log.folder(), AFTER)) {
            return readUntil(reader, CLICKS + newClicks);
        }
    }

    private static List<Long> readUntil(ClickReader reader, long lastBannerId) {
        List<Long> read = new ArrayList<>();
        long deadlineNs = System.nanoTime() + MAX_WAIT.toNanos();
        while (read.isEmpty() || read.getLast() != lastBannerId) {
            assertThat(System.nanoTime())
                    .as("%d clicks read, waiting for %d", read.size(), lastBannerId)
                    .isLessThan(deadlineNs);
            TestLog.rest(reader).forEach(click -> read.add(click.bannerId()));
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        return read;
    }
}
