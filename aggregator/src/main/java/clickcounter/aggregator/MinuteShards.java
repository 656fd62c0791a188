package clickcounter.aggregator;

import clickcounter.counts.Counts;
import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
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

/// The counts that are not in the database yet: for each minute a Chronicle Map, banner → clicks, off the heap.
///
/// The files are disposable. They belong to one run of the aggregator, nobody else opens them, and they are
/// never opened again: after a crash the counts are made anew from the log. A killed process leaves a Chronicle
/// Map with a lock in it that nothing heals, so there is nothing to gain by keeping one.
///
/// Each run has a folder, and a lock file beside it that it holds while it lives: the next run deletes what is
/// left behind, but not under an older run that does not know yet that it is superseded.
///
/// **Threads**: one; [#drain] uses workers inside.
final class MinuteShards implements AutoCloseable {
    private static final int SECONDS_PER_MINUTE = 60;
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
    /// @param run a number that no other run has; its files are in a folder of their own
    /// @param capacity most rows of one minute
    MinuteShards(Path folder, long run, int capacity, int workerCount) {
        this.folder = folder.resolve("run-" + run);
        this.capacity = capacity;
        lock = lock(folder);
        workers = Executors.newFixedThreadPool(
                workerCount, Thread.ofPlatform().name("flush-", 0).daemon().factory());
        // The first map of a virtual machine takes seconds: its classes are compiled at run time.
        add(1, 0, 1);
        drain();
    }

    /// **Cost**: some 0.3 µs, and some 10 ms for the first row of a minute, whose new file is forced to the
    /// disk.
    void add(long bannerId, long minute, long clicks) {
        Shard shard = shards.computeIfAbsent(minute, this::open);
        if (shard.counts.merge(bannerId, clicks, Long::sum) == clicks) {
            rows++;
        }
    }

    /// Pairs of banner and minute that wait.
    int rows() {
        return rows;
    }

    /// Minutes that wait.
    int minutes() {
        return shards.size();
    }

    /// Takes everything out; the files are gone then.
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
            throw new IllegalStateException("The waiting minutes could not be collected.", failure);
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
            throw new UncheckedIOException("The shards in %s cannot be deleted".formatted(folder), failure);
        }
    }

    private Shard open(long minute) {
        String name =
                Instant.ofEpochSecond(minute * SECONDS_PER_MINUTE).toString().replace(":", "");
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(folder);
            ChronicleMap<Long, Long> counts = ChronicleMapBuilder.of(Long.class, Long.class)
                    .name(name)
                    .entries(capacity)
                    // At a signal its own hook would close the map under the last flush.
                    .skipCloseOnExitHook(true)
                    .createPersistedTo(file.toFile());
            return new Shard(minute, counts, file);
        } catch (IOException failure) {
            throw new StartFailure(
                    "The minute's shard %s cannot be made: %s. Free space on its disk or repair it, then start again. No click is lost: the log has them."
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
            throw new UncheckedIOException("The old shards in %s cannot be deleted".formatted(parent), failure);
        }
        throw new StartFailure("Another aggregator is running with the same DATA_DIR (%s is locked): stop it first."
                .formatted(lockFile(folder).toAbsolutePath()));
    }

    /// Whatever is left of a run, be it only its lock file.
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

    /// Returns null when somebody else holds it.
    private static @Nullable FileChannel tryLock(Path run) throws IOException {
        FileChannel channel = FileChannel.open(lockFile(run), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException heldByThisProcess) {
            // The same as a lock that another process holds.
        }
        channel.close();
        return null;
    }

    /// The caller holds its lock.
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
