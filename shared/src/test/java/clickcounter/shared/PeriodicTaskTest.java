package clickcounter.shared;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime.End;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PeriodicTaskTest {
    private static final Duration SHORT = Duration.ofMillis(1);

    private final Lifetime lifetime = new Lifetime();

    @Test
    void runsAgainAndAgainOnANamedThread() throws InterruptedException {
        var runs = new CountDownLatch(3);
        var name = new AtomicReference<>("");
        try (var _ = PeriodicTask.start("again", SHORT, lifetime, () -> {
            name.set(Thread.currentThread().getName());
            runs.countDown();
        })) {
            runs.await();
        }
        assertThat(name).hasValue("again");
        assertThat(lifetime.hasEnded()).isFalse();
    }

    @Test
    void closesWithoutWaitingForThePauseToEnd() {
        var runs = new AtomicInteger();

        PeriodicTask.start("rarely", Duration.ofDays(1), lifetime, runs::incrementAndGet)
                .close();

        assertThat(runs).hasValue(0);
    }

    @Test
    void closeWaitsForARunningTaskAndNoOtherFollows() throws Exception {
        var started = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var ended = new AtomicInteger();
        var task = PeriodicTask.start("slow", SHORT, lifetime, () -> {
            started.countDown();
            awaitUninterrupted(goOn);
            ended.incrementAndGet();
        });
        started.await();

        Thread closing = Thread.ofPlatform().start(task::close);
        while (closing.getState() != Thread.State.TIMED_WAITING) {
            assertThat(closing.isAlive()).isTrue();
            Thread.onSpinWait();
        }
        goOn.countDown();
        closing.join();

        assertThat(ended).hasValue(1);
    }

    @Test
    void whatTheTaskThrowsEndsTheProcess() {
        try (var _ = PeriodicTask.start("broken", SHORT, lifetime, () -> {
            throw new IllegalStateException("out of order");
        })) {
            assertThat(lifetime.await())
                    .isEqualTo(new End(
                            ExitCode.UNEXPECTED, "broken failed: java.lang.IllegalStateException: out of order"));
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new AssertionError("the task was interrupted", interrupted);
        }
    }
}
