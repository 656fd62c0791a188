package clickcounter.aggregator;

import clickcounter.counts.Counts;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;
import org.jspecify.annotations.Nullable;

/// The counts that are not in the database yet: for each minute a Chronicle Map from banner to clicks, off the
/// heap.
///
/// The files are disposable. They belong to one run of the aggregator; nothing else opens them, and nothing opens
/// them again: after a crash the counts are recomputed from the log. A killed process leaves a lock in a
/// Chronicle Map that nothing releases, so keeping the map would gain nothing.
///
/// Each run has a folder, and beside it a file that it keeps locked while it lives. The next run deletes what is
/// left behind, except the files of an older run that does not know yet that it is superseded.
///
/// **Threads**: one; [#drain] uses workers inside.
final class MinuteShards implements AutoCloseable {
    private static final String LOCK_SUFFIX = ".lock";

    private final Path folder;
    private final FileChannel lock;
    private final int capacity;
    private final Map<Long, Shard> shards = new TreeMap<>();
    private final ExecutorService workers;
    private int rows;

    private record Shard(long minute, ChronicleMap<Long, Long> counts, Path file) {}

    /// Deletes what earlier runs have left behind in `folder`.
    ///
    /// @param run a number that no other run has; the run's files are in a folder of their own
    /// @param capacity the most rows of one minute
    MinuteShards(Path folder, long run, int capacity, int workerCount) {
        this.folder = folder.resolve("run-" + run);
        this.capacity = capacity;
        lock = lock(folder);
        workers = Executors.newFixedThreadPool(
                workerCount, Thread.ofPlatform().name("flush-", 0).daemon().factory());
        // The first map of a JVM takes seconds, because its classes are compiled at run time: better now than
        // later.
        add(1, 0, 1);
        drain();
    }

    /// **Cost**: about 0.3 µs; about 10 ms for the first row of a minute, whose new file is forced to the disk.
    void add(long bannerId, long minute, long clicks) {
        Shard shard = shards.computeIfAbsent(minute, this::open);
        if (shard.counts.merge(bannerId, clicks, Long::sum) == clicks) {
            rows++;
        }
    }

    /// How many pairs of banner and minute wait.
    int rows() {
        return rows;
    }

    /// How many minutes wait.
    int minutes() {
        return shards.size();
    }

    /// Removes and returns everything; the files are deleted.
    Counts drain() {
        List<Callable<Counts>> drains = new ArrayList<>();
        for (Shard shard : shards.values()) {
            drains.add(() -> drain(shard));
        }
        shards.clear();
        rows = 0;
        List<Counts> parts = new ArrayList<>();
        try {
            for (Future<Counts> part : workers.invokeAll(drains)) {
                parts.add(part.get());
            }
        } catch (InterruptedException | ExecutionException failure) {
            throw new IllegalStateException("Cannot collect the waiting minutes.", failure);
        }
        return Counts.concat(parts);
    }

    @Override
    public void close() {
        workers.shutdownNow();
        shards.values().forEach(shard -> shard.counts.close());
        shards.clear();
        try (lock) {
            delete(folder);
        } catch (IOException failure) {
            throw new UncheckedIOException("Cannot delete the shards in %s".formatted(folder), failure);
        }
    }

    private Shard open(long minute) {
        String name = EpochMinute.start(minute).toString().replace(":", "");
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(folder);
            ChronicleMap<Long, Long> counts = ChronicleMapBuilder.of(Long.class, Long.class)
                    .name(name)
                    .entries(capacity)
                    // On a signal, the map's own hook would close it during the last flush.
                    .skipCloseOnExitHook(true)
                    .createPersistedTo(file.toFile());
            return new Shard(minute, counts, file);
        } catch (IOException failure) {
            throw new StartFailure(
                    "The shard of a minute, %s, cannot be created: %s. Free space on its disk or repair it, then start again. No click is lost: the log has them all."
                            .formatted(file.toAbsolutePath(), failure.getMessage()),
                    failure);
        }
    }

    private static Counts drain(Shard shard) throws IOException {
        var rows = new Counts.Builder(shard.counts.size());
        shard.counts.forEachEntry(
                entry -> rows.add(entry.key().get(), shard.minute, entry.value().get()));
        shard.counts.close();
        Files.deleteIfExists(shard.file);
        return rows.build();
    }

    private FileChannel lock(Path parent) {
        try {
            Files.createDirectories(parent);
            for (Path run : runs(parent)) {
                try (FileChannel deadRun = tryLock(run)) {
                    if (deadRun != null) {
                        delete(run);
                    }
                }
            }
            FileChannel own = tryLock(folder);
            if (own != null) {
                return own;
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("Cannot delete the old shards in %s".formatted(parent), failure);
        }
        throw new StartFailure("Another aggregator is running with the same DATA_DIR (%s is locked): stop it first."
                .formatted(lockFile(folder).toAbsolutePath()));
    }

    /// Returns the folders of all runs of which anything is left, even if only the lock file.
    private static List<Path> runs(Path parent) throws IOException {
        try (Stream<Path> files = Files.list(parent)) {
            return files.map(file ->
                            file.resolveSibling(file.getFileName().toString().replace(LOCK_SUFFIX, "")))
                    .distinct()
                    .toList();
        }
    }

    private static Path lockFile(Path run) {
        return run.resolveSibling(run.getFileName() + LOCK_SUFFIX);
    }

    /// Returns null when another run holds the lock.
    private static @Nullable FileChannel tryLock(Path run) throws IOException {
        FileChannel channel = FileChannel.open(lockFile(run), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException heldByThisProcess) {
            // This means the same as a lock of another process.
        }
        channel.close();
        return null;
    }

    /// Deletes a run, whose lock the caller holds.
    private static void delete(Path run) throws IOException {
        if (Files.exists(run)) {
            try (Stream<Path> files = Files.walk(run)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
        Files.deleteIfExists(lockFile(run));
    }
}
