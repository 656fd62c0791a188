package clickcounter.endtoend;

import clickcounter.testing.TestProcess;
import java.nio.file.Path;
import java.util.Map;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;

/// A process that takes the log's write lock and never releases it, like an ingest process that is killed in the
/// fraction of a microsecond in which it appends.
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
