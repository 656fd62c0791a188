package clickcounter.shared.log;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.log.LogUnavailable.Reason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does what a writing process must do for the log besides appending:
/// - every 100 ms it releases the write lock if the process that holds it is dead, so that a killed writer holds
///   up the others for less than half a second;
/// - every 250 ms it measures the free space, and makes the writer refuse clicks while there is too little;
/// - every `LOG_SYNC`, or for each group of clicks, it forces the log to disk, which limits how many clicks a
///   power failure can cost.
///
/// **Threads**: each of the three has its own, because forcing may block for seconds on a slow disk.
final class LogKeeper {
    private static final Logger logger = LoggerFactory.getLogger(LogKeeper.class);
    private static final Duration LOCK_CHECK_PAUSE = Duration.ofMillis(100);
    private static final Duration SPACE_CHECK_PAUSE = Duration.ofMillis(250);

    private final LogSettings settings;
    private final ClickWriter writer;
    private final Lifetime lifetime;
    private final WriteLock writeLock;
    private final List<PeriodicTask> tasks = new ArrayList<>();
    private @Nullable GroupCommit groupCommit;
    private boolean isRefusing;
    private Optional<Path> firstUnforced = Optional.empty();

    /// Does not start anything yet. The queue of `writer` must be open, because the lock is in its metadata.
    LogKeeper(LogSettings settings, ClickWriter writer, Lifetime lifetime) {
        this.settings = settings;
        this.writer = writer;
        this.lifetime = lifetime;
        writeLock = WriteLock.open(settings.folder());
    }

    /// Checks the free space, so that a full disk is known before the first click, and starts the threads.
    void start() {
        checkSpace();
        tasks.add(PeriodicTask.start("log-lock", LOCK_CHECK_PAUSE, lifetime, writeLock::freeIfHolderIsDead));
        tasks.add(PeriodicTask.start("log-space", SPACE_CHECK_PAUSE, lifetime, this::checkSpace));
        if (settings.sync().equals(LogSettings.SYNC_ON_COMMIT)) {
            groupCommit = new GroupCommit(this::force);
        } else {
            tasks.add(PeriodicTask.start("log-sync", settings.sync(), lifetime, this::force));
        }
    }

    boolean waitsForDisk() {
        return groupCommit != null;
    }

    /// Waits until everything that was appended before the call is as safe as `LOG_SYNC` requires. Returns false
    /// if forcing the log has failed.
    boolean awaitSync() throws InterruptedException {
        return groupCommit == null || groupCommit.await();
    }

    /// Releases the lock if a dead process with the same id as this one holds it, which is common in containers.
    /// May only be called at start, when this process itself cannot hold the lock.
    void releaseLockOfAPredecessor() {
        if (writeLock.holder() == ProcessHandle.current().pid()) {
            logger.warn("released the write lock of a killed process that had the same id as this one");
            writeLock.free();
        }
    }

    /// Releases the lock if its holder is dead.
    void releaseLockOfTheDead() {
        writeLock.freeIfHolderIsDead();
    }

    /// Stops the threads and forces the log to disk for the last time. Returns false if that has failed.
    boolean stop() {
        tasks.forEach(PeriodicTask::close);
        if (groupCommit != null) {
            groupCommit.close();
        }
        boolean isOnDisk = force();
        writeLock.close();
        return isOnDisk;
    }

    private void checkSpace() {
        String problem = spaceProblem();
        if ((problem != null) != isRefusing) {
            isRefusing = problem != null;
            if (isRefusing) {
                logger.error("clicks are refused: {}", problem);
            } else {
                logger.info("clicks are taken again: there is enough free space for the log");
            }
        }
        writer.refuse(isRefusing ? new LogUnavailable(Reason.DISK_FULL) : null);
    }

    private @Nullable String spaceProblem() {
        try {
            FileStore store = Files.getFileStore(settings.folder());
            long freeBytes = store.getUsableSpace();
            long neededBytes = settings.minFree().bytesOf(store.getTotalSpace());
            if (freeBytes >= neededBytes) {
                return null;
            }
            return "%,d MiB are free on the file system of %s, but LOG_MIN_FREE is %,d MiB. Free some space there; clicks are then taken again automatically."
                    .formatted(freeBytes >> 20, settings.folder().toAbsolutePath(), neededBytes >> 20);
        } catch (IOException failure) {
            return "the free space of %s cannot be measured: %s."
                    .formatted(settings.folder().toAbsolutePath(), failure);
        }
    }

    /// Forces to disk every cycle from the one that was the newest at the last call; earlier ones are on disk
    /// already. If that fails, ends the lifetime and returns false.
    private boolean force() {
        try {
            for (Path cycle : LogFolder.cycleFiles(settings.folder())) {
                if (firstUnforced.isPresent() && cycle.compareTo(firstUnforced.get()) < 0) {
                    continue;
                }
                try (var channel = FileChannel.open(cycle, StandardOpenOption.WRITE)) {
                    channel.force(false);
                    firstUnforced = Optional.of(cycle);
                } catch (NoSuchFileException deleted) {
                    // The retention has deleted it, so everything in it is in the database.
                }
            }
            return true;
        } catch (IOException failure) {
            lifetime.end(
                    ExitCode.LOG_FAULT,
                    "The click log in %s cannot be forced to disk: %s. Check the disk, then start again."
                            .formatted(settings.folder().toAbsolutePath(), failure));
            return false;
        }
    }
}
