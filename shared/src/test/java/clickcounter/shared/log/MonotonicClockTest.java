package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MonotonicClockTest {
    private final AtomicLong system = new AtomicLong(1_000);
    private final MonotonicClock clock = new MonotonicClock(system::get, 0);

    @Test
    void followsTheSystemForward() {
        assertThat(clock.currentTimeMillis()).isEqualTo(1_000);
        system.set(2_000);
        assertThat(clock.currentTimeMillis()).isEqualTo(2_000);
    }

    @Test
    void standsStillWhileTheSystemIsBehind() {
        clock.currentTimeMillis();
        system.set(500);
        assertThat(clock.currentTimeMillis()).isEqualTo(1_000);
        system.set(1_001);
        assertThat(clock.currentTimeMillis()).isEqualTo(1_001);
    }

    @Test
    void doesNotGoBelowItsFloor() {
        assertThat(new MonotonicClock(system::get, 5_000).currentTimeMillis()).isEqualTo(5_000);

        clock.atLeast(3_000);
        clock.atLeast(2_000);
        assertThat(clock.currentTimeMillis()).isEqualTo(3_000);
    }

    @Test
    void goesBackForNoThread() throws Exception {
        var jumping = new MonotonicClock(() -> ThreadLocalRandom.current().nextLong(1_000_000), 0);
        Callable<List<Long>> read = () -> LongStream.generate(jumping::currentTimeMillis)
                .limit(10_000)
                .boxed()
                .toList();
        try (var executor = Executors.newFixedThreadPool(4)) {
            for (var times :
                    executor.invokeAll(Stream.generate(() -> read).limit(4).toList())) {
                assertThat(times.get()).isSorted();
            }
        }
    }
}
