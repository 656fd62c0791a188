package clickcounter.shared.log;

import java.nio.file.Path;
import net.openhft.chronicle.queue.impl.TableStore;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;

/// The lock that a process holds while it appends. Its holder's process id is in the log's metadata, and remains
/// there if the process is killed at that moment. All processes that write a log must see the same process ids,
/// because a process that lives in another container looks dead.
///
/// **Threads**: any.
public final class WriteLock implements AutoCloseable {
    /// What [#holder()] returns if no process holds the lock.
    public static final long FREE = -1;

    private final TableStore<Metadata.NoMeta> metadata;
    private final TableStoreWriteLock lock;

    private WriteLock(TableStore<Metadata.NoMeta> metadata) {
        this.metadata = metadata;
        lock = new TableStoreWriteLock(metadata, BusyTimedPauser::new, 0L);
    }

    public static WriteLock open(Path folder) {
        SingleChronicleQueueBuilder.addAliases();
        return new WriteLock(SingleTableBuilder.binary(
                        folder.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE), Metadata.NoMeta.INSTANCE)
                .readOnly(false)
                .build());
    }

    /// Returns the id of the process that holds the lock, or [#FREE].
    public long holder() {
        long holder = lock.lockedBy();
        return holder == TableStoreWriteLock.UNLOCKED ? FREE : holder;
    }

    /// Frees the lock, unless a living process holds it. Returns whether it is free now.
    public boolean freeIfHolderIsDead() {
        return lock.forceUnlockIfProcessIsDead();
    }

    /// Frees the lock without a check. The caller must know that the process that holds it is dead.
    void free() {
        lock.forceUnlock();
    }

    @Override
    public void close() {
        metadata.close();
    }
}
