package clickcounter.aggregator;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.Counts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MinuteShardsTest {
    private static final int CAPACITY = 1_000;

    /// A map for so many rows has several segments.
    private static final int MANY_ROWS = 100_000;

    @TempDir
    Path folder;

    record Pair(long bannerId, long minute) {}

    @Test
    void givesOutWhatWasAddedAndIsEmptyThen() throws IOException {
        try (MinuteShards shards = open()) {
            shards.add(7, 100, 2);
            shards.add(7, 101, 1);
            shards.add(8, 100, 1);
            shards.add(7, 100, 3);
            assertThat(shards.rows()).isEqualTo(3);
            assertThat(shards.minutes()).isEqualTo(2);

            assertThat(pairs(shards.drain()))
                    .isEqualTo(Map.of(new Pair(7, 100), 5L, new Pair(7, 101), 1L, new Pair(8, 100), 1L));

            assertThat(shards.rows()).isZero();
            assertThat(shards.minutes()).isZero();
            assertThat(files()).isEmpty();
            assertThat(shards.drain().size()).isZero();
            shards.add(7, 100, 1);
            assertThat(pairs(shards.drain())).isEqualTo(Map.of(new Pair(7, 100), 1L));
        }
    }

    @Test
    void takesAsManyRowsOfAMinuteAsItWasMadeFor() {
        try (MinuteShards shards = open()) {
            for (int bannerId = 1; bannerId <= CAPACITY; bannerId++) {
                shards.add(bannerId, 100, bannerId);
            }

            Counts counts = shards.drain();

            assertThat(counts.size()).isEqualTo(CAPACITY);
            assertThat(counts.totalClicks()).isEqualTo(CAPACITY * (CAPACITY + 1) / 2);
        }
    }

    /// The hash function of Chronicle Map has no key of its own, so any map tells which ids a stranger would choose.
    @Test
    void spreadsIdsThatWereChosenToFillOneSegment() throws IOException {
        List<Long> ids = new ArrayList<>();
        try (ChronicleMap<Long, Long> map = mapOfManyRows().create()) {
            new Random().longs(MANY_ROWS, 1, Long.MAX_VALUE).forEach(bannerId -> map.put(bannerId, 0L));
            try (var segment = map.segmentContext(0)) {
                segment.forEachSegmentEntry(entry -> ids.add(entry.key().get()));
            }
            assertThat(ids).hasSizeBetween(1_000, MANY_ROWS / 2);
        }
        try (var shards = new MinuteShards(folder, MANY_ROWS, 2)) {
            ids.forEach(bannerId -> shards.add(bannerId, 100, bannerId));

            Path file = folder.resolve(files().getFirst());
            try (ChronicleMap<Long, Long> map = mapOfManyRows().createPersistedTo(file.toFile())) {
                for (int number = 0; number < map.segments(); number++) {
                    try (var segment = map.segmentContext(number)) {
                        assertThat(segment.size()).isLessThan(ids.size() * 9L / 10);
                    }
                }
            }
            var drained = new HashMap<Long, Long>();
            shards.drain().forEach((bannerId, _, clicks) -> drained.put(bannerId, clicks));
            assertThat(drained).isEqualTo(ids.stream().collect(Collectors.toMap(id -> id, id -> id)));
        }
    }

    private static ChronicleMapBuilder<Long, Long> mapOfManyRows() {
        return ChronicleMapBuilder.of(Long.class, Long.class).entries(MANY_ROWS);
    }

    @Test
    void keepsAFileForEachMinuteThatWaits() throws IOException {
        try (MinuteShards shards = open()) {
            shards.add(7, 29_000_000, 1);
            shards.add(7, 29_000_001, 1);

            assertThat(files())
                    .satisfiesExactlyInAnyOrder(
                            file -> assertThat(file).startsWith("2025-02-19T212000Z-"),
                            file -> assertThat(file).startsWith("2025-02-19T212100Z-"));
        }
        assertThat(files()).isEmpty();
    }

    @Test
    void deletesWhatEarlierRunsHaveLeft() throws IOException {
        Files.createDirectories(folder.resolve("run-1"));
        Files.writeString(folder.resolve("run-1").resolve("2025-02-19T212000Z"), "left behind by a crash");
        Files.createFile(folder.resolve("run-1.lock"));
        Files.createFile(folder.resolve("2025-02-19T212000Z-123"));

        try (MinuteShards shards = open()) {
            assertThat(folder).isEmptyDirectory();
            assertThat(shards.drain().size()).isZero();
        }
    }

    /// An aggregator that was superseded does not know it before its next flush.
    @Test
    void anOlderRunGoesOnAndLeavesTheFilesOfTheNewerOneAlone() throws IOException {
        MinuteShards older = open();
        older.add(7, 29_000_000, 1);
        try (MinuteShards newer = open()) {
            newer.add(8, 29_000_000, 1);
            older.add(7, 29_000_000, 1);
            older.add(7, 29_000_001, 1);
            assertThat(pairs(older.drain()))
                    .isEqualTo(Map.of(new Pair(7, 29_000_000), 2L, new Pair(7, 29_000_001), 1L));
            older.close();

            assertThat(files()).singleElement().asString().startsWith("2025-02-19T212000Z-");
            assertThat(pairs(newer.drain())).isEqualTo(Map.of(new Pair(8, 29_000_000), 1L));
        }
    }

    @Test
    void startsWhileAnOlderRunMakesFiles() {
        var enough = new AtomicBoolean();
        try (MinuteShards older = open()) {
            CompletableFuture<Void> working = CompletableFuture.runAsync(() -> {
                while (!enough.get()) {
                    for (int minute = 0; minute < 5; minute++) {
                        older.add(7, minute, 1);
                    }
                    assertThat(older.drain().size()).isEqualTo(5);
                }
            });
            for (int run = 2; run < 50; run++) {
                open().close();
            }
            enough.set(true);
            assertThat(working).succeedsWithin(Duration.ofSeconds(10));
        }
    }

    private MinuteShards open() {
        return new MinuteShards(folder, CAPACITY, 2);
    }

    private List<String> files() throws IOException {
        try (var files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .toList();
        }
    }

    private static Map<Pair, Long> pairs(Counts counts) {
        var pairs = new HashMap<Pair, Long>();
        for (int row = 0; row < counts.size(); row++) {
            var pair = new Pair(counts.bannerIds()[row], counts.minutes()[row]);
            assertThat(pairs.put(pair, counts.clicks()[row])).isNull();
        }
        return pairs;
    }
}
