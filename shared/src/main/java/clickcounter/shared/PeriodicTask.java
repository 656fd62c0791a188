package clickcounter.shared;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A thread that does one thing again and again, with a pause in between.
///
/// **Errors**: what the task throws ends the process with [ExitCode#UNEXPECTED]; a task that can go on catches.
public final class PeriodicTask implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(PeriodicTask.class);
    private static final long MAX_CLOSE_SECONDS = 30;

    private final Duration pause;
    private final Lifetime lifetime;
    private final Runnable task;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    private PeriodicTask(String name, Duration pause, Lifetime lifetime, Runnable task) {
        this.pause = pause;
        this.lifetime = lifetime;
        this.task = task;
        thread = Thread.ofPlatform().name(name).daemon().start(this::run);
    }

    /// Runs `task` for the first time after one pause.
    public static PeriodicTask start(String name, Duration pause, Lifetime lifetime, Runnable task) {
        return new PeriodicTask(name, pause, lifetime, task);
    }

    private void run() {
        try {
            while (!closed.await(pause.toMillis(), MILLISECONDS)) {
                task.run();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (Throwable unexpected) {
            logger.error("{} failed", Thread.currentThread().getName(), unexpected);
            lifetime.end(ExitCode.UNEXPECTED, Thread.currentThread().getName() + " failed: " + unexpected);
        }
    }

    /// Waits until a running task has ended, at most half a minute.
    @Override
    public void close() {
        closed.countDown();
        try {
            if (!thread.join(Duration.ofSeconds(MAX_CLOSE_SECONDS))) {
                logger.warn("{} has not ended after {} s", thread.getName(), MAX_CLOSE_SECONDS);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
