package clickcounter.query.tail;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.MinuteCounts;
import clickcounter.counts.MinuteSum;
import clickcounter.shared.EpochMinute;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class KeptClicksTest {
    private final KeptClicks kept = new KeptClicks();

    private static long millis(String time) {
        return Instant.parse(time).toEpochMilli();
    }

    private static long minute(String time) {
        return EpochMinute.of(Instant.parse(time));
    }

    /// Counts the clicks of banner 1.
    private static MinuteCounts count(KeptClicks.View view, long after) {
        return count(view, 0, Integer.MAX_VALUE, after);
    }

    private static MinuteCounts count(KeptClicks.View view, long fromMinute, long toMinute, long after) {
        var sum = new MinuteSum();
        view.forEach(fromMinute, toMinute, after, Long.MAX_VALUE, (bannerId, timeMs) -> {
            if (bannerId == 1) {
                sum.add(EpochMinute.ofMillis(timeMs));
            }
        });
        return sum.counts();
    }

    private static String print(MinuteCounts counts) {
        var text = new StringBuilder();
        for (int at = 0; at < counts.size(); at++) {
            text.append(EpochMinute.start(counts.minute(at)))
                    .append('=')
                    .append(counts.clicks(at))
                    .append(' ');
        }
        return text.toString().strip();
    }

    @Test
    void putsClicksIntoTheMinuteOfTheirMillisecond() {
        kept.add(10, 1, millis("2024-01-01T10:00:59.999Z"));
        kept.add(11, 1, millis("2024-01-01T10:01:00.000Z"));
        kept.add(12, 2, millis("2024-01-01T10:01:00.000Z"));
        kept.add(13, 1, millis("2024-01-01T10:01:59.999Z"));
        kept.add(14, 1, millis("2024-01-01T10:00:59.999Z"));
        kept.add(15, 1, millis("2024-01-01T10:02:00.000Z"));
        kept.publish();

        assertThat(print(count(kept.view(), 0)))
                .isEqualTo("2024-01-01T10:00:00Z=2 2024-01-01T10:01:00Z=2 2024-01-01T10:02:00Z=1");
        assertThat(print(count(kept.view(), minute("2024-01-01T10:01:00Z"), minute("2024-01-01T10:02:00Z"), 0)))
                .isEqualTo("2024-01-01T10:01:00Z=2");
    }

    @Test
    void countsOnlyClicksAfterThePosition() {
        for (int index = 1; index <= 20_000; index++) {
            kept.add(index, 1, 60_000);
        }
        kept.publish();

        for (int after : new int[] {0, 1, 8_191, 8_192, 8_193, 16_384, 19_999, 20_000, 30_000}) {
            assertThat(print(count(kept.view(), after)))
                    .isEqualTo(after >= 20_000 ? "" : "1970-01-01T00:01:00Z=" + (20_000 - after));
        }
    }

    @Test
    void dropsWholeChunksAndKnowsWhichClicksAreLeft() {
        kept.restart(5);
        for (int index = 6; index <= 20_005; index++) {
            kept.add(index, 1, index);
        }
        kept.drop(8_196);
        assertThat(kept.count()).isEqualTo(20_000);
        assertThat(kept.view().continues(5)).isTrue();
        assertThat(kept.view().continues(4)).isFalse();

        kept.drop(8_197);
        assertThat(kept.count()).isEqualTo(20_000 - 8_192);
        assertThat(kept.view().continues(8_197)).isTrue();
        assertThat(kept.view().continues(8_196)).isFalse();
        assertThat(kept.view().end()).isEqualTo(new KeptClicks.End(20_005, 20_005));

        kept.drop(20_005);
        assertThat(kept.count()).isZero();
        assertThat(kept.view().end()).isEqualTo(new KeptClicks.End(20_005, 20_005));
        kept.add(20_006, 1, 60_000);
        kept.publish();
        assertThat(print(count(kept.view(), 20_005))).isEqualTo("1970-01-01T00:01:00Z=1");
    }

    @Test
    void knowsNothingWhenItIsLost() {
        kept.add(1, 1, 1);
        kept.lose();

        assertThat(kept.view().isLost()).isTrue();
        assertThat(kept.view().continues(1L << 60)).isFalse();
        kept.restart(7);
        assertThat(kept.view().isLost()).isFalse();
        assertThat(kept.view().continues(7)).isTrue();
    }

    @Test
    void doesNotChangeAViewThatWasTakenBefore() {
        kept.add(1, 1, 60_000);
        kept.publish();
        KeptClicks.View before = kept.view();
        kept.drop(1);
        kept.add(2, 1, 60_000);
        kept.publish();

        assertThat(print(count(before, 0))).isEqualTo("1970-01-01T00:01:00Z=1");
    }
}
