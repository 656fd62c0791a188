package clickcounter.counts;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ClickTableTest {
    record Pair(long bannerId, long minute) {}

    @Test
    void countsAsAHashMapDoes() {
        long seed = System.nanoTime();
        System.out.println("ClickTableTest.countsAsAHashMapDoes: seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            var table = new ClickTable(1 + random.nextInt(100));
            for (int use = 0; use < 2; use++) {
                var expected = new HashMap<Pair, Long>();
                for (int step = random.nextInt(2_000); step > 0; step--) {
                    var pair = new Pair(
                            random.nextBoolean() ? 1 + random.nextInt(200) : Long.MAX_VALUE >>> random.nextInt(63),
                            random.nextInt(3));
                    if (random.nextInt(10) == 0) {
                        long taken = table.take(pair.bannerId, pair.minute);
                        assertThat(taken).isEqualTo(expected.getOrDefault(pair, 0L));
                        expected.computeIfPresent(pair, (_, _) -> 0L);
                    } else {
                        long clicks = random.nextInt(3);
                        table.add(pair.bannerId, pair.minute, clicks);
                        expected.merge(pair, clicks, Long::sum);
                    }
                    assertThat(table.get(pair.bannerId, pair.minute)).isEqualTo(expected.getOrDefault(pair, 0L));
                }
                assertThat(pairs(table)).isEqualTo(expected);
                assertThat(table.size()).isEqualTo(expected.size());
                table.clear();
                assertThat(pairs(table)).isEmpty();
            }
        }
    }

    /// Pairs are passed on in the order of their places. So pairs that were chosen to crowd in one table, because
    /// they are neighbours there, do not crowd in another one.
    @Test
    void pairsThatAreNeighboursInOneTableAreNotInAnother() {
        List<Pair> banners = new Random()
                .longs(10_000, 1, Long.MAX_VALUE)
                .mapToObj(bannerId -> new Pair(bannerId, ClickTable.ANY_MINUTE))
                .toList();
        List<Pair> minutes = LongStream.range(0, 10_000)
                .mapToObj(minute -> new Pair(7, minute))
                .toList();
        for (List<Pair> pairs : List.of(banners, minutes)) {
            Set<List<Pair>> inOne = neighbours(pairs);
            Set<List<Pair>> inAnother = neighbours(pairs);
            inAnother.retainAll(inOne);

            assertThat(inAnother).hasSizeLessThan(inOne.size() / 2);
        }
    }

    private static Set<List<Pair>> neighbours(List<Pair> pairs) {
        var table = new ClickTable(pairs.size());
        pairs.forEach(pair -> table.add(pair.bannerId, pair.minute, 1));
        List<Pair> inOrder = new ArrayList<>();
        table.forEach((bannerId, minute, _) -> inOrder.add(new Pair(bannerId, minute)));
        return IntStream.range(1, inOrder.size())
                .mapToObj(at -> inOrder.subList(at - 1, at + 1))
                .collect(Collectors.toSet());
    }

    private static Map<Pair, Long> pairs(ClickTable table) {
        var pairs = new HashMap<Pair, Long>();
        table.forEach((bannerId, minute, clicks) ->
                assertThat(pairs.put(new Pair(bannerId, minute), clicks)).isNull());
        return pairs;
    }
}
