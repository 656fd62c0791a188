package clickcounter.aggregator;

import clickcounter.counts.Counts;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
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

/// The counts that are not in the database yet: for each minute a Chronicle Map from banner to clicks, off the
/// heap.
///
/// The maps hold each banner's id multiplied by a random odd number, which can be undone. The hash function of
/// Chronicle Map is public and has no key, so a stranger could otherwise choose ids that all belong into one
/// segment of a map and near one place of it, and each addition would have to pass many of the others.
///
/// The files are disposable. They belong to one run of the aggregator; nothing else opens them, and nothing opens
/// them again: after a crash the counts are recomputed from the log. A killed process leaves a lock in a
/// Chronicle Map that nothing releases, so keeping the map would gain nothing.
///
/// So each run deletes all files that it finds. An older run that does not know yet that it is superseded goes
/// on: its maps stay in memory, and its new files have names of their own.
///
/// **Threads**: one; [#drain] uses workers inside.
final class MinuteShards implements AutoCloseable {
    private final Path folder;
    private final int capacity;
    private final Map<Long, Shard> shards = new TreeMap<>();
    private final ExecutorService workers;

    /// These two are the inverse of each other, modulo 2^64.
    private final long key = new SecureRandom().nextLong() | 1;

    private final long inverseKey = inverse(key);
    private int rows;

    private record Shard(long minute, ChronicleMap<Long, Long> counts, Path file) {}

    /// Deletes what earlier runs have left behind in `folder`.
    ///
    /// @param capacity the most rows of one minute
    MinuteShards(Path folder, int capacity, int workerCount) {
        this.folder = folder;
        this.capacity = capacity;
        try {
            Files.createDirectories(folder);
            deleteContent(folder);
        } catch (IOException failure) {
            throw new UncheckedIOException("Cannot delete the old shards in %s".formatted(folder), failure);
        }
        workers = Executors.newFixedThreadPool(
                workerCount, Thread.ofPlatform().name("flush-", 0).daemon().factory());
        // The first map of a JVM takes seconds, because its classes are compiled at run time: better now than
        // later.
        add(1, 0, 1);
        drain();
    }

    /// Earlier releases had a folder for each run.
    private static void deleteContent(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (Files.isDirectory(file)) {
                    deleteContent(file);
                }
                Files.deleteIfExists(file);
            }
        }
    }

    /// **Cost**: about 0.3 µs; about 10 ms for the first row of a minute, whose new file is forced to the disk.
    void add(long bannerId, long minute, long clicks) {
        Shard shard = shards.computeIfAbsent(minute, this::open);
        if (shard.counts.merge(bannerId * key, clicks, Long::sum) == clicks) {
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
        try {
            for (Shard shard : shards.values()) {
                shard.counts.close();
                Files.deleteIfExists(shard.file);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("Cannot delete the shards in %s".formatted(folder), failure);
        }
        shards.clear();
    }

    private Shard open(long minute) {
        String name = EpochMinute.start(minute).toString().replace(":", "");
        try {
            Files.createDirectories(folder);
            Path file = Files.createTempFile(folder, name + "-", "");
            ChronicleMap<Long, Long> counts = ChronicleMapBuilder.of(Long.class, Long.class)
                    .name(name)
                    .entries(capacity)
                    // On a signal, the map's own hook would close it during the last flush.
                    .skipCloseOnExitHook(true)
                    .createPersistedTo(file.toFile());
            return new Shard(minute, counts, file);
        } catch (NoSuchFileException deletedByANewerRun) {
            return open(minute);
        } catch (IOException failure) {
            throw new StartFailure(
                    "The shard of a minute, %s, cannot be created: %s. Free space on its disk or repair it, then start again. No click is lost: the log has them all."
                            .formatted(folder.resolve(name).toAbsolutePath(), failure.getMessage()),
                    failure);
        }
    }

    /// Newton's method: an odd number is its own inverse modulo 8, and each step doubles the number of right bits.
    private static long inverse(long odd) {
        long inverse = odd;
        for (int bits = 3; bits < Long.SIZE; bits *= 2) {
            inverse *= 2 - odd * inverse;
        }
        return inverse;
    }

    private Counts drain(Shard shard) throws IOException {
        var rows = new Counts.Builder(shard.counts.size());
        shard.counts.forEachEntry(entry -> rows.add(
                entry.key().get() * inverseKey, shard.minute, entry.value().get()));
        shard.counts.close();
        Files.deleteIfExists(shard.file);
        return rows.build();
    }
}
