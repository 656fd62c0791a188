package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import clickcounter.shared.clock.MachineClock;
import clickcounter.shared.log.LogUnavailable.Reason;
import clickcounter.shared.log.TestLog.Click;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Many threads, many writers and many processes use one log.
@Timeout(60)
class SeveralWritersTest {
    private static final int CLICKS_EACH = 2_000;
    private static final int KILLS_IN_A_ROLL = 5;

    /// The first banner id of the process that continues while others are killed.
    private static final long FIRST_SURVIVING = 1_000_000_000;

    private final TestLog log;

    SeveralWritersTest(@TempDir Path folder) {
        log = new TestLog(folder);
    }

    @Test
    void manyThreadsLoseAndRepeatNothing() throws Exception {
        int threads = 64;
        try (var writer = log.writer()) {
            appendFromManyThreads(Stream.generate(() -> writer).limit(threads).toList());
            assertThat(writer.appendedClicks()).isEqualTo((long) threads * CLICKS_EACH);
        }

        assertHoldsEachOnce(threads);
    }

    @Test
    void severalWritersInOneProcessLoseAndRepeatNothing() throws Exception {
        try (var first = log.writer();
                var second = log.writer()) {
            assertThat(first.logId()).isEqualTo(second.logId());
            appendFromManyThreads(List.of(first, second, first, second));
        }

        assertHoldsEachOnce(4);
    }

    @Test
    void severalProcessesLoseAndRepeatNothing() throws Exception {
        try (var other = ChildProcess.start(AppendingMain.class, log.folder(), 1L + CLICKS_EACH);
                var writer = log.writer()) {
            other.awaitLine("open");
            append(writer, 1);
            other.awaitLine("done");
        }

        assertHoldsEachOnce(2);
    }

    @Test
    void aWriterWhoseClockIsBehindAnotherWritersAppendsAfterItsClicks() {
        long cycleMs = LogFolder.ROLL_CYCLE.lengthInMillis();
        var clock = new AtomicLong(cycleMs * 1_000_000);
        try (var behind = log.writer(clock::get);
                var ahead = log.writer(() -> clock.get() + cycleMs)) {
            behind.append(1);
            ahead.append(2);
            behind.append(3);
            clock.addAndGet(1);
            behind.append(4);
            ahead.append(5);
        }

        assertThat(log.bannerIds()).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void aWritersFirstClickComesAfterWhatAReaderHasSeenOfAWriterWhoseClockIsAhead() {
        long cycleMs = LogFolder.ROLL_CYCLE.lengthInMillis();
        long now = cycleMs * 1_000_000;
        try (var behind = log.writer(() -> now);
                var ahead = log.writer(() -> now + cycleMs);
                var reader = log.reader()) {
            ahead.append(1);
            assertThat(TestLog.rest(reader)).hasSize(1);
            behind.append(2);
            assertThat(TestLog.rest(reader)).extracting(Click::bannerId).containsExactly(2L);
        }
    }

    @Test
    void goesOnWhenAProcessIsKilledInsideTheWriteLock() throws Exception {
        try (var writer = log.writer();
                var other = ChildProcess.start(LockingMain.class, log.folder())) {
            writer.append(1);
            other.awaitLine("locked");

            other.kill();
            long killedNs = System.nanoTime();
            writer.append(2);

            assertThat(Duration.ofNanos(System.nanoTime() - killedNs)).isLessThan(Duration.ofSeconds(2));
        }
        assertThat(log.bannerIds()).containsExactly(1L, 2L);
    }

    /// Kills several processes one after the other while this one continues to append. Their clocks run so fast
    /// that they begin a cycle every few clicks, so most of them are killed while they do.
    @Test
    void losesAndRepeatsNothingWhenProcessesAreKilledWhileTheyRollTheCycle(@TempDir Path acknowledgements)
            throws Exception {
        long seed = new Random().nextInt(1_000_000);
        System.out.println("seed " + seed);
        var random = new Random(seed);
        var acknowledged = new BitSet();
        var isOver = new AtomicBoolean();
        try (var writer = log.writer();
                var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Long> surviving = executor.submit(() -> appendUntil(isOver, writer));
            int bannerId = 1;
            for (int kill = 1; kill <= KILLS_IN_A_ROLL; kill++) {
                Path file = acknowledgements.resolve("kill-" + kill);
                long lastBannerId = rollUntilKilled(kill, bannerId, file, random);
                acknowledged.set(bannerId, (int) lastBannerId + 1);
                // The click that was being appended may or may not be in the log.
                bannerId = (int) lastBannerId + 2;
            }
            isOver.set(true);
            long clicks = surviving.get();
            assertThat(log.bannerIds().stream().filter(id -> id >= FIRST_SURVIVING))
                    .hasSize((int) clicks);
        }

        List<Long> bannerIds = log.bannerIds();
        assertThat(bannerIds).doesNotHaveDuplicates();
        bannerIds.stream().filter(id -> id < FIRST_SURVIVING).forEach(id -> acknowledged.clear(id.intValue()));
        assertThat(acknowledged.stream()).as("acknowledged and lost").isEmpty();
    }

    /// Starts a process and kills it. Returns the last banner id that it acknowledged.
    private long rollUntilKilled(int number, long firstBannerId, Path acknowledgements, Random random)
            throws Exception {
        // Each clock is ahead of the previous one, so that it need not catch up with the log's last cycle.
        Duration ahead = Duration.ofDays(30L * number);
        try (var rolling = ChildProcess.start(
                RollingMain.class, log.folder(), ahead.toMillis(), firstBannerId, acknowledgements)) {
            rolling.awaitLine("rolling");
            LockSupport.parkNanos(random.nextInt(20_000_000));
            rolling.kill();
        }
        return ByteBuffer.wrap(Files.readAllBytes(acknowledgements)).getLong();
    }

    /// Appends clicks until `isOver`. Returns how many were acknowledged.
    private static long appendUntil(AtomicBoolean isOver, ClickWriter writer) {
        long bannerId = FIRST_SURVIVING;
        while (!isOver.get()) {
            try {
                writer.append(bannerId);
                bannerId++;
            } catch (LogUnavailable busy) {
                // The click is not in the log.
            }
            LockSupport.parkNanos(100_000);
        }
        return bannerId - FIRST_SURVIVING;
    }

    @Test
    void refusesClicksWhileALivingProcessHoldsTheWriteLock() throws Exception {
        try (var writer = log.writer();
                var other = ChildProcess.start(LockingMain.class, log.folder())) {
            other.awaitLine("locked");
            long startNs = System.nanoTime();

            assertThat(catchThrowableOfType(LogUnavailable.class, () -> writer.append(1))
                            .reason())
                    .isEqualTo(Reason.BUSY);
            assertThat(writer.refusalReason()).isEqualTo(Reason.BUSY);
            assertThat(Duration.ofNanos(System.nanoTime() - startNs)).isLessThan(Duration.ofSeconds(10));

            other.kill();
            writer.append(2);
        }
        assertThat(log.bannerIds()).containsExactly(2L);
    }

    @Test
    void takesOverTheLockOfAPredecessorWithTheSameProcessId() {
        try (var writer = log.writer()) {
            writer.append(1);
        }
        // By another name, the folder is a new one to this process, as it would be to a new process.
        var again = new TestLog(log.folder().resolve("..").resolve(log.folder().getFileName()));
        writeLock(log.folder()).lock();

        try (var writer = again.writer()) {
            writer.append(2);
        }

        assertThat(log.bannerIds()).containsExactly(1L, 2L);
    }

    /// Lets all writers append at the same time, each [#CLICKS_EACH] banner ids of its own.
    private static void appendFromManyThreads(List<ClickWriter> writers) throws Exception {
        var start = new CountDownLatch(1);
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = LongStream.range(0, writers.size())
                    .<Future<?>>mapToObj(number -> executor.submit(() -> {
                        start.await();
                        append(writers.get((int) number), 1 + number * CLICKS_EACH);
                        return null;
                    }))
                    .toList();
            start.countDown();
            for (Future<?> future : running) {
                future.get();
            }
        }
    }

    private static void append(ClickWriter writer, long firstBannerId) {
        for (long bannerId = firstBannerId; bannerId < firstBannerId + CLICKS_EACH; bannerId++) {
            writer.append(bannerId);
        }
    }

    private void assertHoldsEachOnce(int writers) {
        assertThat(log.bannerIds().stream().mapToLong(Long::longValue).sorted().toArray())
                .isEqualTo(
                        LongStream.rangeClosed(1, (long) writers * CLICKS_EACH).toArray());
    }

    private static TableStoreWriteLock writeLock(Path folder) {
        SingleChronicleQueueBuilder.addAliases();
        var metadata = SingleTableBuilder.binary(
                        folder.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE), Metadata.NoMeta.INSTANCE)
                .readOnly(false)
                .build();
        return new TableStoreWriteLock(metadata, BusyTimedPauser::new, 1_000L);
    }

    /// Appends [#CLICKS_EACH] clicks. Arguments: the log's folder, the first banner id.
    static final class AppendingMain {
        public static void main(String[] arguments) {
            try (var writer = new TestLog(Path.of(arguments[0])).writer()) {
                System.out.println("open");
                append(writer, Long.parseLong(arguments[1]));
            }
            System.out.println("done");
        }
    }

    /// Appends clicks until it is killed, with a clock that is ahead and reaches the next cycle every few clicks.
    /// Writes the last banner id that is in the log to a file. Arguments: the log's folder, how many milliseconds
    /// the clock is ahead, the first banner id, the file.
    static final class RollingMain {
        private static final int CLICKS_PER_CYCLE = 20;

        public static void main(String[] arguments) throws IOException {
            long startMs = System.currentTimeMillis() + Long.parseLong(arguments[1]);
            long firstBannerId = Long.parseLong(arguments[2]);
            var clicks = new AtomicLong();
            LongSupplier clock =
                    () -> startMs + clicks.get() / CLICKS_PER_CYCLE * LogFolder.ROLL_CYCLE.lengthInMillis();
            try (var file = FileChannel.open(
                            Path.of(arguments[3]),
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
                    var writer = new TestLog(Path.of(arguments[0])).writer(clock)) {
                MappedByteBuffer acknowledged = file.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
                while (true) {
                    long bannerId = firstBannerId + clicks.get();
                    writer.append(bannerId);
                    acknowledged.putLong(0, bannerId);
                    if (clicks.incrementAndGet() == 10 * CLICKS_PER_CYCLE) {
                        System.out.println("rolling");
                    }
                }
            }
        }
    }

    /// A writer that takes the log's write lock and never releases it. Argument: the log's folder.
    static final class LockingMain {
        public static void main(String[] arguments) throws InterruptedException {
            Path folder = Path.of(arguments[0]);
            PowerLoss.mark(folder, MachineClock.currentBootId());
            writeLock(folder).lock();
            System.out.println("locked");
            Thread.currentThread().join();
        }
    }
}
