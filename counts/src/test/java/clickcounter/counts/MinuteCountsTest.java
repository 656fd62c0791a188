package clickcounter.counts;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class MinuteCountsTest {
    @Test
    void addsUpCountsLikeAMap() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        for (int round = 0; round < 1_000; round++) {
            var expected = new TreeMap<Long, Long>();
            MinuteCounts sum = MinuteCounts.NONE;
            for (int part = 0; part < 3; part++) {
                var clicks = new MinuteSum();
                for (int click = random.nextInt(20); click > 0; click--) {
                    long minute = random.nextInt(10);
                    clicks.add(minute);
                    expected.merge(minute, 1L, Long::sum);
                }
                sum = sum.plus(clicks.counts());
            }
            var actual = new TreeMap<Long, Long>();
            for (int at = 0; at < sum.size(); at++) {
                assertThat(at == 0 || sum.minute(at - 1) < sum.minute(at)).isTrue();
                actual.put(sum.minute(at), sum.clicks(at));
            }
            assertThat(actual).isEqualTo(expected);
        }
    }
}
