package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import clickcounter.shared.ExitCode;
import clickcounter.testing.Await;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A disk without space: a file system in memory. Only root may mount one; the tests are skipped for other users.
final class DiskTest {
    private static final int CONNECTIONS = 32;
    private static final int BANNERS = 200;
    private static final int CLICKS_PER_SECOND = 2_000;
    private static final long DISK_BYTES = 256L << 20;
    private static final int BLOCK_BYTES = 64 << 10;

    private final long seed = new Random().nextInt(1_000_000);
    private final SentClicks sent = new SentClicks();

    @TempDir
    Path folder;

    DiskTest() {
        System.out.println("seed " + seed);
    }

    @Test
    void refusesClicksBeforeTheDiskIsFullAndTakesThemAgainByItself() throws IOException {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("data"));
                TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of("LOG_MIN_FREE", "100MiB"));
                ClickLoad load = load(service);
                var connection = new ClickClient(service.port())) {
            long own = 1_000_000;
            assertThat(connection.click(own)).isEqualTo(204);
            for (int time = 0; time < 2; time++) {
                disk.fill(90L << 20);
                Await.until("clicks are refused", () -> connection.click(own + 1) == 503);
                assertThat(connection.header("Retry-After")).hasValue("1");
                assertThat(connection.header("Content-Type")).hasValue("application/problem+json");
                assertThat(service.totalClicks(own)).isEqualTo(1);
                disk.free();
                Await.until("clicks are taken again", () -> connection.click(own + 2) == 204);
            }
            LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
            load.end();
            assertThat(sent.unansweredClicks()).isZero();
            assertThat(sent.refusedClicks()).isPositive();
            sent.verify(service);
            assertThat(service.totalClicks(own + 2)).isEqualTo(2);
            assertThat(service.ingest().output())
                    .contains("clicks are refused: ")
                    .contains(
                            "LOG_MIN_FREE is 100 MiB. Free some space there; clicks are then taken again automatically.")
                    .contains("clicks are taken again: there is enough free space for the log")
                    .doesNotContain("\tat ");
            service.stop();
        }
    }

    @Test
    void haltsOnADiskThatIsReallyFullAndLosesNoAcknowledgedClick() throws IOException {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("data"));
                TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of("LOG_MIN_FREE", "0"))) {
            try (ClickLoad load = load(service)) {
                LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
                disk.fill(0);
                assertThat(service.ingest().awaitEnd()).isEqualTo(ExitCode.LOG_FAULT.status());
                load.end();
            }
            assertThat(service.ingest().output())
                    .containsOnlyOnce("ERROR")
                    .contains("halted: The click log cannot be written")
                    .contains(
                            "Free space on its disk or repair it, then start again. Every acknowledged click is in the log.")
                    .doesNotContain("\tat ");
            // The aggregator cannot start either; the log has all that it needs. It may have ended by itself before,
            // because a minute had just begun.
            service.aggregator().kill();
            int printedBefore = service.aggregator().output().length();
            service.aggregator().restart();
            assertThat(service.aggregator().awaitEnd()).isEqualTo(ExitCode.START_FAILED.status());
            assertThat(service.aggregator().output().substring(printedBefore))
                    .containsOnlyOnce("ERROR")
                    .contains("cannot be created: Not enough space")
                    .contains("Free space on its disk or repair it, then start again.")
                    .doesNotContain("\tat ");

            disk.free();
            for (TestProcess process : service.processes()) {
                if (!process.isAlive()) {
                    process.restart();
                }
            }
            service.awaitReady();
            sent.verify(service);
            try (ClickLoad load = load(service)) {
                LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
                load.end();
            }
            sent.verify(service);
            service.stop();
        }
    }

    private ClickLoad load(Service service) {
        return ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed, sent);
    }

    /// A file system of [#DISK_BYTES] bytes.
    private record SmallDisk(Path folder) implements AutoCloseable {
        static SmallDisk mount(Path folder) throws IOException {
            Files.createDirectories(folder);
            assumeTrue(
                    run("mount", "-t", "tmpfs", "-o", "size=" + DISK_BYTES, "tmpfs", folder.toString()),
                    "a file system can be mounted");
            return new SmallDisk(folder);
        }

        private static boolean run(String... command) {
            return TestProcess.run(List.of(command)) == 0;
        }

        /// Fills the disk until only so many bytes are free.
        void fill(long freeBytes) {
            byte[] block = new byte[BLOCK_BYTES];
            try (OutputStream file = Files.newOutputStream(filler())) {
                while (Files.getFileStore(folder).getUsableSpace() > freeBytes) {
                    file.write(block);
                }
            } catch (IOException full) {
                if (freeBytes > 0) {
                    throw new UncheckedIOException(full);
                }
            }
        }

        void free() throws IOException {
            Files.delete(filler());
        }

        private Path filler() {
            return folder.resolve("filler");
        }

        @Override
        public void close() {
            assertThat(run("umount", folder.toString()) || run("umount", "-l", folder.toString()))
                    .isTrue();
        }
    }
}
