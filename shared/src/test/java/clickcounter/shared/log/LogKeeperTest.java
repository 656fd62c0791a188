package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import clickcounter.shared.Lifetime;
import clickcounter.shared.StopFailure;
import clickcounter.shared.clock.MachineClock;
import clickcounter.shared.log.LogSettings.MinFree;
import clickcounter.shared.log.LogUnavailable.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import net.openhft.chronicle.queue.impl.TableStore;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LogKeeperTest {
    private static final long CYCLE_MS = LogFolder.ROLL_CYCLE.lengthInMillis();
    private static final long MIB = 1 << 20;
    private static final long BALLAST_BYTES = 512 * MIB;
    private static final String TOO_LITTLE_SPACE = "There is too little free space for the click log.";

    private final Path folder;
    private final TestLog log;
    private final Lifetime lifetime = new Lifetime();

    LogKeeperTest(@TempDir Path parent) {
        folder = parent.resolve("log");
        log = new TestLog(folder);
    }

    @Test
    void refusesTheVeryFirstClickWhenThereIsTooLittleSpace() {
        try (var writer = open(new MinFree(1L << 50, 0))) {
            assertThat(writer.refusalReason()).isEqualTo(Reason.DISK_FULL);
            assertThatThrownBy(() -> writer.append(1))
                    .isInstanceOf(LogUnavailable.class)
                    .hasMessage(TOO_LITTLE_SPACE)
                    .hasMessageNotContaining(folder.toString());
            assertThat(writer.appendedClicks()).isZero();
        }
        assertThat(log.clicks()).isEmpty();
        assertThat(lifetime.hasEnded()).isFalse();
    }

    @Test
    void takesClicksWhenThereIsEnoughSpace() {
        try (var writer = open(new MinFree(1, 0))) {
            assertThat(writer.refusalReason()).isNull();
            writer.append(1);
        }
        assertThat(log.bannerIds()).containsExactly(1L);
    }

    /// A large file takes up space and is deleted again. It is so large that what other programs write meanwhile
    /// does not matter.
    @Test
    void refusesClicksWhileThereIsTooLittleSpaceAndTakesThemAgain() throws IOException {
        Files.createDirectories(folder);
        long usableBytes = Files.getFileStore(folder).getUsableSpace();
        assumeThat(usableBytes).isGreaterThan(2 * BALLAST_BYTES);
        Path ballast = folder.resolveSibling("ballast");

        try (var writer = open(new MinFree(usableBytes - BALLAST_BYTES / 2, 0))) {
            writer.append(1);

            fill(ballast);
            await(() -> writer.refusalReason() != null);
            assertThatThrownBy(() -> writer.append(2)).hasMessage(TOO_LITTLE_SPACE);

            Files.delete(ballast);
            await(() -> writer.refusalReason() == null);
            writer.append(3);
        }
        assertThat(log.bannerIds()).containsExactly(1L, 3L);
    }

    @Test
    void forcesTheLogAcrossCyclesWithoutFailing() {
        var clock = new AtomicLong(1_000_000 * CYCLE_MS);
        var settings = new LogSettings(folder, new MinFree(0, 0), Duration.ofMillis(1));
        try (var writer = ClickWriter.open(settings, lifetime, clock::get)) {
            for (long bannerId = 1; bannerId <= 5; bannerId++) {
                writer.append(bannerId);
                clock.addAndGet(CYCLE_MS);
                assertThat(lifetime.await(Duration.ofMillis(20))).isEmpty();
            }
        }
        assertThat(lifetime.hasEnded()).isFalse();
        assertThat(log.bannerIds()).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void doesNotMindThatOldCyclesAreDeletedWhileItForces() throws IOException {
        var clock = new AtomicLong(1_000_000 * CYCLE_MS);
        var settings = new LogSettings(folder, new MinFree(0, 0), Duration.ofMillis(1));
        try (var writer = ClickWriter.open(settings, lifetime, clock::get)) {
            writer.append(1);
            for (long bannerId = 2; bannerId <= 50; bannerId++) {
                clock.addAndGet(CYCLE_MS);
                writer.append(bannerId);
                Files.delete(log.cycleFiles().getFirst());
            }
        }
        assertThat(lifetime.hasEnded()).isFalse();
        assertThat(log.bannerIds()).containsExactly(50L);
    }

    /// The id of a killed writer may belong to any other process or thread when the next writer starts.
    @ParameterizedTest
    @ValueSource(strings = {"another boot\n1\n", "%s\n1\n"})
    void releasesTheLockOfAWriterWhoseIdBelongsToAnotherProcessNow(String markOfTheKilledWriter) throws IOException {
        open(new MinFree(0, 0)).close();
        Path mark = lockAsAKilledWriter(markOfTheKilledWriter);

        try (var writer = open(new MinFree(0, 0))) {
            writer.append(1);
            assertThat(mark).doesNotExist();
        }
        assertThat(log.bannerIds()).containsExactly(1L);
    }

    /// Otherwise nobody would know afterwards that the lock may be released.
    @Test
    void aWriterThatFailsToStartBeforeItReleasesTheLockLeavesTheMarkOfTheKilledOne() throws IOException {
        open(new MinFree(0, 0)).close();
        Path mark = lockAsAKilledWriter("%s\n1\n");

        PowerLoss.mark(folder, MachineClock.currentBootId());

        assertThat(mark).exists();
        try (var writer = open(new MinFree(0, 0))) {
            writer.append(1);
        }
        assertThat(mark).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"another boot\n1\n", "%s\n1\n"})
    void aRunningWriterReleasesTheLockOfAWriterWhoseIdBelongsToAnotherProcessNow(String markOfTheKilledWriter)
            throws IOException {
        try (var writer = open(new MinFree(0, 0))) {
            lockAsAKilledWriter(markOfTheKilledWriter);
            writer.append(1);
        }
        assertThat(log.bannerIds()).containsExactly(1L);
    }

    /// Leaves the lock as a writer does that is killed while it holds it and whose id another process gets. Returns
    /// its mark.
    private Path lockAsAKilledWriter(String mark) throws IOException {
        long anotherProcess = ProcessHandle.current().parent().orElseThrow().pid();
        Path place = folder.resolve("writing-" + anotherProcess);
        Files.writeString(place, mark.formatted(MachineClock.currentBootId()));
        lockAs(anotherProcess);
        return place;
    }

    /// Leaves the lock as that process does if it is killed while it holds it.
    private void lockAs(long process) {
        try (TableStore<Metadata.NoMeta> metadata = SingleTableBuilder.binary(
                        folder.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE), Metadata.NoMeta.INSTANCE)
                .readOnly(false)
                .build()) {
            metadata.acquireValueFor("chronicle.write.lock").setVolatileValue(process);
        }
    }

    @Test
    void doesNotReleaseTheLockOfALivingWriter() throws IOException {
        long living = ProcessHandle.current().parent().orElseThrow().pid();
        open(new MinFree(0, 0)).close();
        String startTime = Files.readString(Path.of("/proc/" + living + "/stat"))
                .replaceAll("(?s).*\\) ", "")
                .split(" ", -1)[19];
        Files.writeString(folder.resolve("writing-" + living), MachineClock.currentBootId() + "\n" + startTime + "\n");
        lockAs(living);
        try (var lock = WriteLock.open(folder)) {
            assertThat(lock.freeIfHolderIsDead()).isFalse();
            assertThat(lock.holder()).isEqualTo(living);
        }
    }

    @Test
    void saysThatTheLastClicksMayNotBeOnDisk() throws IOException {
        ClickWriter writer = open(new MinFree(0, 0));
        writer.append(1);
        // A file of the log that cannot be forced, because it is none.
        Files.createDirectory(
                LogFolder.file(folder, LogFolder.cycle(log.cycleFiles().getLast()) + 1));

        assertThatThrownBy(writer::close)
                .isInstanceOf(StopFailure.class)
                .hasMessageContaining("the log could not be forced");
        assertThat(folder.resolve("writing-" + ProcessHandle.current().pid())).exists();
    }

    private ClickWriter open(MinFree minFree) {
        return ClickWriter.open(new LogSettings(folder, minFree, Duration.ofSeconds(1)), lifetime);
    }

    private static void fill(Path file) throws IOException {
        byte[] block = new byte[(int) MIB];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long written = 0; written < BALLAST_BYTES; written += block.length) {
                out.write(block);
            }
        }
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }
}
