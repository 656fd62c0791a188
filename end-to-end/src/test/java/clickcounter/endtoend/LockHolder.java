package clickcounter.endtoend;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import clickcounter.testing.TestProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;

/// A process that opens the log for writing, takes its write lock, and never releases it, like an ingest
/// process that is killed in the fraction of a microsecond in which it appends.
final class LockHolder {
    private static final String HELD = "held";
    private static final long MAX_WAIT_MILLIS = 10_000;

    private LockHolder() {}

    /// Starts the process; returns when it holds the lock.
    ///
    /// @param folder for what the process prints
    static TestProcess start(Path folder, Path logFolder) {
        return TestProcess.startJava(LockHolder.class, folder, Map.of(), logFolder.toString())
                .awaitOutput(HELD);
    }

    /// Holds the lock of the log in the folder given, until it is killed.
    public static void main(String[] arguments) throws InterruptedException {
        var folder = Path.of(arguments[0]);
        var settings = new LogSettings(folder, new LogSettings.MinFree(0, 0), Duration.ofSeconds(1));
        try (ClickWriter _ = ClickWriter.open(settings, new Lifetime())) {
            SingleChronicleQueueBuilder.addAliases();
            var metadata = SingleTableBuilder.binary(
                            folder.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE), Metadata.NoMeta.INSTANCE)
                    .readOnly(false)
                    .build();
            new TableStoreWriteLock(metadata, BusyTimedPauser::new, MAX_WAIT_MILLIS).lock();
            System.out.println(HELD);
            Thread.currentThread().join();
        }
    }
}
