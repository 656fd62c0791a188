package clickcounter.shared.log;

import java.nio.file.Path;
import net.openhft.chronicle.queue.impl.TableStore;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;

/// The lock that a process holds for the moment of an append. It stands with the id of the process in the log's
/// metadata, and stays there when the process is killed in that moment. All processes must see the same process
/// ids: what is alive in another container looks dead here.
///
/// **Threads**: any.
public final class WriteLock implements AutoCloseable {
    /// Nobody holds it.
    public static final long FREE = -1;

    private final TableStore<Metadata.NoMeta> metadata;
    private final TableStoreWriteLock lock;

    private WriteLock(TableStore<Metadata.NoMeta> metadata) {
        this.metadata = metadata;
        lock = new TableStoreWriteLock(metadata, BusyTimedPauser::new, 0L);
    }

    /// Opens the lock of the log in `folder`, which must be there.
    public static WriteLock open(Path folder) {
        SingleChronicleQueueBuilder.addAliases();
        return new WriteLock(SingleTableBuilder.binary(
                        folder.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE), Metadata.NoMeta.INSTANCE)
                .readOnly(false)
                .build());
    }

    /// The id of the process that holds it, or [#FREE].
    public long holder() {
        long holder = lock.lockedBy();
        return holder == TableStoreWriteLock.UNLOCKED ? FREE : holder;
    }

    /// Frees it unless a living process holds it. Returns whether it is free now.
    public boolean freeIfHolderIsDead() {
        return lock.forceUnlockIfProcessIsDead();
    }

    /// Frees it, whoever holds it: for a process that knows that it is not held.
    void free() {
        lock.forceUnlock();
    }

    @Override
    public void close() {
        metadata.close();
    }
}
