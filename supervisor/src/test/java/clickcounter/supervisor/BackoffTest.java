package clickcounter.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private final Backoff backoff = new Backoff();

    @Test
    void waitsLongerEachTimeUpToTenSeconds() {
        assertThat(delays(Duration.ZERO, 8)).containsExactly(0L, 1L, 2L, 4L, 8L, 10L, 10L, 10L);
    }

    @Test
    void doesNotWaitAfterARunOfAMinute() {
        assertThat(delays(Duration.ofMillis(59_999), 3)).containsExactly(0L, 1L, 2L);
        assertThat(delays(Duration.ofSeconds(60), 2)).containsExactly(0L, 0L);
        assertThat(delays(Duration.ZERO, 3)).containsExactly(1L, 2L, 4L);
    }

    private Stream<Long> delays(Duration run, int count) {
        return Stream.generate(() -> backoff.after(run).toSeconds()).limit(count);
    }
}
