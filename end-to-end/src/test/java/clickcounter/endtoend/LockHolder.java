package clickcounter.endtoend;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;

/// A process that takes the log's write lock and never gives it back: what an ingest process is when it is
/// killed in the fraction of a microsecond in which it appends.
final class LockHolder {
    private static final String HELD = "held";
    private static final long MAX_WAIT_MILLIS = 10_000;

    private final Process process;

    private LockHolder(Process process) {
        this.process = process;
    }

    /// Returns when it holds the lock.
    static LockHolder start(Path logFolder) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@" + ServiceProcess.ROOT.resolve("config/jvm.options"),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        logFolder.toString())
                .redirectErrorStream(true)
                .start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        var seen = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.equals(HELD)) {
                return new LockHolder(process);
            }
            seen.append(line).append(System.lineSeparator());
        }
        throw new AssertionError("The lock was not taken:%n%s".formatted(seen));
    }

    /// As `kill -9` does.
    void kill() {
        process.destroyForcibly();
    }

    /// Holds the lock of the log in the folder given, until it is killed.
    public static void main(String[] arguments) throws InterruptedException {
        SingleChronicleQueueBuilder.addAliases();
        var metadata = SingleTableBuilder.binary(
                        Path.of(arguments[0]).resolve(SingleChronicleQueue.QUEUE_METADATA_FILE),
                        Metadata.NoMeta.INSTANCE)
                .readOnly(false)
                .build();
        new TableStoreWriteLock(metadata, BusyTimedPauser::new, MAX_WAIT_MILLIS).lock();
        System.out.println(HELD);
        Thread.currentThread().join();
    }
}
