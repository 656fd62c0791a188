package clickcounter.aggregator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchFoldTest {
    private static final long MILLIS_PER_MINUTE = 60_000;

    record Pair(long bannerId, long minute) {}

    @Test
    void countsAsAHashMapDoes() {
        long seed = System.nanoTime();
        System.out.println("BatchFoldTest.countsAsAHashMapDoes: seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int maxPairs = 1 + random.nextInt(1_000);
            int banners = 1 + random.nextInt(maxPairs * 2);
            var fold = new BatchFold(maxPairs, 1 + random.nextInt(70));
            for (int batch = 0; batch < 3; batch++) {
                var expected = new HashMap<Pair, Long>();
                boolean takesMore = true;
                for (int click = 0; click < 5_000 && takesMore; click++) {
                    long bannerId =
                            random.nextBoolean() ? 1 + random.nextInt(banners) : Long.MAX_VALUE >>> random.nextInt(63);
                    long timestampMs = random.nextLong(50 * MILLIS_PER_MINUTE);
                    takesMore = fold.add(bannerId, timestampMs);
                    expected.merge(new Pair(bannerId, timestampMs / MILLIS_PER_MINUTE), 1L, Long::sum);
                }
                assertThat(drain(fold)).isEqualTo(expected);
            }
        }
    }

    @Test
    void isFullWithItsLastPair() {
        var fold = new BatchFold(3, 10);

        assertThat(fold.add(1, 0)).isTrue();
        assertThat(fold.add(1, MILLIS_PER_MINUTE - 1)).isTrue();
        assertThat(fold.add(2, 0)).isTrue();
        assertThat(fold.add(1, MILLIS_PER_MINUTE)).isFalse();
        assertThat(drain(fold)).isEqualTo(Map.of(new Pair(1, 0), 2L, new Pair(2, 0), 1L, new Pair(1, 1), 1L));
        assertThat(fold.add(1, MILLIS_PER_MINUTE)).isTrue();
    }

    @Test
    void isFullWithItsLastMinute() {
        var fold = new BatchFold(100, 2);

        assertThat(fold.add(1, 0)).isTrue();
        assertThat(fold.add(2, 0)).isTrue();
        assertThat(fold.add(1, MILLIS_PER_MINUTE)).isFalse();
        drain(fold);
        assertThat(fold.add(1, 5 * MILLIS_PER_MINUTE)).isTrue();
        assertThat(drain(fold)).isEqualTo(Map.of(new Pair(1, 5), 1L));
    }

    @Test
    void isEmptyAfterDraining() {
        var fold = new BatchFold(10, 10);
        assertThat(drain(fold)).isEmpty();
        fold.add(1, 0);
        drain(fold);

        assertThat(drain(fold)).isEmpty();
    }

    private static Map<Pair, Long> drain(BatchFold fold) {
        var drained = new HashMap<Pair, Long>();
        fold.drainTo((bannerId, minute, clicks) ->
                assertThat(drained.put(new Pair(bannerId, minute), clicks)).isNull());
        return drained;
    }
}
