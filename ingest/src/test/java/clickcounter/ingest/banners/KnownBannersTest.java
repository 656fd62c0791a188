package clickcounter.ingest.banners;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Await;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class KnownBannersTest {
    private static final int PLACES = 64;

    /// How many ids fill a table.
    private static final int FULL = PLACES / 4 * 3;

    private static final int THREADS = 8;

    private final Path file;

    KnownBannersTest(@TempDir Path folder) {
        file = folder.resolve("data").resolve("banners.known");
    }

    private KnownBanners open() {
        return KnownBanners.open(file, PLACES);
    }

    @Test
    void knowsWhatWasAddedAlsoInAnotherMappingAndAfterwards() throws IOException {
        try (var known = open();
                var another = open()) {
            assertThat(known.contains(7)).isFalse();
            known.add(7);
            another.add(Long.MAX_VALUE - 1);
            assertThat(another.contains(7)).isTrue();
            assertThat(known.contains(Long.MAX_VALUE - 1)).isTrue();
            assertThat(known.contains(8)).isFalse();
            known.complete();
        }
        try (var known = open()) {
            assertThat(known.contains(7)).isTrue();
            assertThat(known.isComplete()).isTrue();
        }
    }

    @Test
    void manyThreadsWithTwoMappingsWriteEachIdOnce() throws Exception {
        int places = 1 << 14;
        int ids = places / 2;
        try (var first = KnownBanners.open(file, places);
                var second = KnownBanners.open(file, places)) {
            inThreads(thread -> {
                KnownBanners known = thread % 2 == 0 ? first : second;
                LongStream.rangeClosed(1, ids).forEach(known::add);
                return ids;
            });
            assertThat(LongStream.rangeClosed(1, ids)).allMatch(first::contains);
        }
        assertThat(written()).hasSize(ids).doesNotHaveDuplicates();
    }

    /// Without the key of a file, nobody can choose ids that share a place in it and so push other ids out.
    @Test
    void idsThatCrowdInOneFileDoNotInAnother() throws IOException {
        int places = 1 << 16;
        Path other = file.resolveSibling("other.known");
        try (var known = KnownBanners.open(file, places);
                var another = KnownBanners.open(other, places)) {
            long[] ids = LongStream.rangeClosed(1, 3_000)
                    .map(hash -> idOf(hash, key(file)))
                    .toArray();
            LongStream.of(ids).forEach(known::add);
            LongStream.of(ids).forEach(another::add);
            assertThat(LongStream.of(ids)).anyMatch(id -> !known.contains(id));
            assertThat(LongStream.of(ids)).allMatch(another::contains);
        }
    }

    private static long key(Path file) {
        try (var channel = FileChannel.open(file)) {
            var key = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
            channel.read(key, Long.BYTES);
            return key.getLong(0);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Returns the id that has this hash. A small hash belongs to the first place.
    private static long idOf(long hash, long key) {
        long inverse = BigInteger.valueOf(key)
                .modInverse(BigInteger.TWO.pow(Long.SIZE))
                .longValue();
        long half = hash * inverse;
        return (half ^ (half >>> Integer.SIZE)) * inverse;
    }

    @Test
    void manyThreadsWithTwoMappingsTakeNoMoreThanIsAllowed() throws Exception {
        try (var first = open();
                var second = open()) {
            List<Integer> taken = inThreads(thread -> {
                int count = 0;
                for (int attempt = 0; attempt < 1_000; attempt++) {
                    count += (thread % 2 == 0 ? first : second).takeNew(5, 3_000) ? 1 : 0;
                }
                return count;
            });
            assertThat(taken.stream().mapToInt(Integer::intValue).sum()).isEqualTo(3_000);
        }
    }

    private static <T> List<T> inThreads(Task<T> task) throws Exception {
        try (var threads = Executors.newFixedThreadPool(THREADS)) {
            List<Callable<T>> tasks = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                int number = thread;
                tasks.add(() -> task.run(number));
            }
            List<T> results = new ArrayList<>();
            for (var result : threads.invokeAll(tasks)) {
                results.add(result.get());
            }
            return results;
        }
    }

    private interface Task<T> {
        T run(int thread) throws Exception;
    }

    @Test
    void allowsAsManyInEachMinute() throws IOException {
        try (var known = open()) {
            assertThat(take(known, 10)).isEqualTo(3);
            assertThat(take(known, 10)).isZero();
            assertThat(take(known, 11)).isEqualTo(3);
            // A thread that has looked at its clock just before the minute began does not begin the old one again.
            assertThat(take(known, 10)).isZero();
            assertThat(take(known, 11)).isZero();
            // The clock begins anew with the machine.
            assertThat(take(known, 0)).isEqualTo(3);
        }
    }

    private static int take(KnownBanners known, long minute) {
        int taken = 0;
        while (taken < 100 && known.takeNew(minute, 3)) {
            taken++;
        }
        return taken;
    }

    @Test
    void forgetsOnlyWhatIsNotClickedWhileAWholeTableFills() throws IOException {
        try (var known = open()) {
            LongStream.rangeClosed(1, FULL).forEach(known::add);
            assertThat(known.contains(1)).isTrue();
            assertThat(known.contains(2)).isTrue();
            // Two ids were copied.
            LongStream.rangeClosed(1001, 1000 + FULL - 2).forEach(known::add);

            assertThat(known.contains(1)).isTrue();
            assertThat(known.contains(2)).isTrue();
            assertThat(LongStream.rangeClosed(3, FULL)).noneMatch(known::contains);
            assertThat(LongStream.rangeClosed(1001, 1000 + FULL - 2)).allMatch(known::contains);
        }
    }

    @Test
    void replacesAFileThatIsDamaged() throws IOException {
        for (long length : new long[] {0, 100, 4096, 4096 + 16L * PLACES, 1 << 20}) {
            Files.createDirectories(file.getParent());
            try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.truncate(0);
                channel.write(ByteBuffer.wrap(new byte[(int) length]));
            }
            try (var known = open()) {
                known.add(7);
                assertThat(known.contains(7)).isTrue();
                assertThat(known.isComplete()).isFalse();
            }
            Files.delete(file);
        }
    }

    @Test
    void livesWithTablesFullOfNonsense() throws IOException {
        open().close();
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            var nonsense = ByteBuffer.allocate(2 * PLACES * Long.BYTES);
            while (nonsense.hasRemaining()) {
                nonsense.put((byte) 0xa5);
            }
            channel.write(nonsense.flip(), 4096);
        }
        try (var known = open()) {
            assertThat(known.contains(7)).isFalse();
            known.add(7); // There is no place for it, so a table is cleared.
            known.add(7);
            assertThat(known.contains(7)).isTrue();
        }
    }

    @Test
    void continuesAfterProcessesThatWereKilledWhileTheyAddIds(@TempDir Path output) throws IOException {
        try (var known = open();
                var killed = TestProcess.startJava(AddingMain.class, output, Map.of(), file.toString())) {
            for (int round = 1; round <= 4; round++) {
                Await.until("the process adds ids", () -> known.contains(AddingMain.MARK));
                killed.kill();

                long firstId = round * 1_000_000L;
                // The marks and the process's ids are forgotten.
                for (long id = firstId; id < firstId + 3 * FULL; id++) {
                    known.add(id);
                    assertThat(known.contains(id)).isTrue();
                }
                assertThat(known.contains(AddingMain.MARK)).isFalse();
                killed.restart();
            }
        }
    }

    /// Adds ids so fast that a table is nearly always being cleared.
    static final class AddingMain {
        static final long MARK = 77;

        public static void main(String[] arguments) {
            var known = KnownBanners.open(Path.of(arguments[0]), PLACES);
            for (long id = 100; true; id++) {
                known.add(id);
                known.add(MARK);
            }
        }
    }

    private List<Long> written() throws IOException {
        var longs = ByteBuffer.wrap(Files.readAllBytes(file))
                .order(ByteOrder.nativeOrder())
                .position(4096)
                .asLongBuffer();
        List<Long> ids = new ArrayList<>();
        while (longs.hasRemaining()) {
            long id = longs.get();
            if (id != 0) {
                ids.add(id);
            }
        }
        return ids;
    }
}
