package clickcounter.shared.log;

import clickcounter.shared.clock.MachineClock;
import java.nio.file.Path;
import net.openhft.chronicle.queue.impl.TableStore;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The lock that a process holds while it appends. Its holder's process id is in the log's metadata, and remains
/// there if the process is killed at that moment. All processes that write a log must see the same process ids,
/// because a process that lives in another container looks dead.
///
/// The id of a process that has ended may become that of another process or thread. So the mark that each writer
/// has ([PowerLoss]) tells when its process was started, and in which boot of the machine.
///
/// **Threads**: any.
public final class WriteLock implements AutoCloseable {
    /// What [#holder()] returns if no process holds the lock.
    public static final long FREE = -1;

    private static final Logger logger = LoggerFactory.getLogger(WriteLock.class);

    private final Path folder;
    private final TableStore<Metadata.NoMeta> metadata;
    private final Lock lock;

    private static final class Lock extends TableStoreWriteLock {
        Lock(TableStore<Metadata.NoMeta> metadata) {
            super(metadata, BusyTimedPauser::new, 0L);
        }

        boolean free(long holder) {
            return lock.compareAndSwapValue(holder, UNLOCKED);
        }
    }

    private WriteLock(Path folder, TableStore<Metadata.NoMeta> metadata) {
        this.folder = folder;
        this.metadata = metadata;
        lock = new Lock(metadata);
    }

    public static WriteLock open(Path folder) {
        SingleChronicleQueueBuilder.addAliases();
        return new WriteLock(
                folder,
                SingleTableBuilder.binary(
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
        long holder = holder();
        if (holder != FREE && PowerLoss.hasWriterEnded(folder, pid(holder), MachineClock.currentBootId())) {
            if (lock.free(holder)) {
                logger.warn("released the write lock of process {}, which has ended", pid(holder));
            }
        }
        return lock.forceUnlockIfProcessIsDead();
    }

    /// The process id is in the lower half.
    private static long pid(long holder) {
        return holder & 0xFFFF_FFFFL;
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
