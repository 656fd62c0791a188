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
import net.openhft.chronicle.wire.WriteMarshallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Simulates a power loss: copies the log while it is being written, overwrites with zeros the pages that the
/// disk did not get, and reads the copy as if the machine had booted again.
final class PowerLossTest {
    private static final String BEFORE = "boot-before";
    private static final String AFTER = "boot-after";
    private static final long PAGE_BYTES = 4096;
    private static final int CLICKS = 100_000;

    /// The log's index contains the place of every 256th record only.
    private static final int INDEX_SPACING = 256;

    private static final int BYTES_PER_RECORD = 36;
    private static final Duration MAX_WAIT = Duration.ofSeconds(20);
    private static final long TEN_MINUTES_MS = 600_000;

    private final AtomicLong nowMs = new AtomicLong(1_800_000_000_000L / TEN_MINUTES_MS * TEN_MINUTES_MS);

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
    void aHoleIsPassedWhenRecordsHaveMoreFields() throws IOException {
        assertHoleCostsOnlyItself(
                100_000,
                wire -> wire.write("bannerId")
                        .int64(42)
                        .write("ts")
                        .int64(1_767_261_600_000L)
                        .write("country")
                        .text("nz")
                        .write("campaign")
                        .text("spring"));
    }

    /// There are more of these records than clicks of today's length would fit into the file.
    @Test
    void aHoleIsPassedWhenRecordsAreShorter() throws IOException {
        int records = 2_900_000;
        assertHoleCostsOnlyItself(
                records, wire -> wire.write("bannerId").int64(42).write("ts").int64(77));
        assertThat(records).isGreaterThan((int)
                (Files.size(new TestLog(folder).cycleFiles().getFirst()) / ClickRecord.LENGTH));
    }

    private void assertHoleCostsOnlyItself(int records, WriteMarshallable click) throws IOException {
        var log = new TestLog(folder);
        PowerLoss.mark(folder, BEFORE);
        log.appendRaw(appender -> {
            for (int record = 0; record < records; record++) {
                appender.writeDocument(click);
            }
        });
        long usedBytes = LogFolder.usedBytes(log.cycleFiles().getFirst());
        zero(log, (usedBytes / PAGE_BYTES - 50) * PAGE_BYTES, 3);

        List<Long> read = clicksAfterRestart(log, 500);

        assertThat(read).endsWith(CLICKS + 500L);
        long maxMissing = 3 * PAGE_BYTES * records / (usedBytes - (1 << 17)) + 2 + INDEX_SPACING;
        assertThat(records + 500L - read.size()).isBetween(1L, maxMissing);
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
                    .as("the mark of the other boot shows the power loss")
                    .isTrue();
            assertThat(TestLog.rest(reader)).isEmpty();

            append(log, 500);
            assertThat(readUntil(reader, CLICKS + 500L)).startsWith(CLICKS + 1L).hasSize(500);
        }
        try (var reader = ClickReader.open(log.folder(), AFTER)) {
            assertThat(reader.moveTo(before.getLast().index()))
                    .as("the first cycle shows the power loss after the mark was deleted")
                    .isTrue();
            assertThat(readUntil(reader, CLICKS + 500L)).startsWith(CLICKS + 1L).hasSize(500);
        }
    }

    @Test
    void aHalfMadeCycleFileIsPassed() throws IOException {
        TestLog log = crashedLog();
        Path halfMade = LogFolder.file(log.folder(), (int) (nowMs.get() / TEN_MINUTES_MS) + 1);
        try (var file = new RandomAccessFile(halfMade.toFile(), "rw")) {
            file.setLength(80 << 20);
        }

        List<Long> read = clicksAfterRestart(log, 500);

        assertThat(read).hasSize(CLICKS + 500).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void newClicksHaveTheirOwnTimeAlthoughTheirCycleBeginsEarly() throws IOException {
        TestLog log = crashedLog();
        nowMs.addAndGet(1_000);
        append(log, 1);

        Click last = log.clicks().getLast();
        assertThat(last.timestampMs()).isEqualTo(nowMs.get());
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

    /// Writes a log and returns a copy of it that was not closed.
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
        return ClickWriter.open(log.settings(), new Lifetime(), nowMs::get, bootId);
    }

    /// Appends clicks after the reboot, with banner ids that continue those before it.
    private void append(TestLog log, int clicks) {
        try (var writer = open(log, AFTER)) {
            for (int click = 1; click <= clicks; click++) {
                writer.append(CLICKS + click);
            }
        }
    }

    /// Appends clicks after the reboot, and returns the banner ids of all clicks that can be read.
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
            reader.read(Integer.MAX_VALUE, (_, bannerId, _) -> read.add(bannerId));
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        return read;
    }
}
