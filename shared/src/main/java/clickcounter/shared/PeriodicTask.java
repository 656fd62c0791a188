package clickcounter.shared;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A thread that runs a task again and again, with a pause before each run.
///
/// **Errors**: an exception that the task throws ends the process with [ExitCode#UNEXPECTED]; a task that can
/// continue after an exception must catch it.
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

    /// Starts the thread; the task first runs after one pause.
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
            ProcessMain.haltIfBroken(unexpected);
            logger.error("{} failed", Thread.currentThread().getName(), unexpected);
            lifetime.end(ExitCode.UNEXPECTED, Thread.currentThread().getName() + " failed: " + unexpected);
        }
    }

    /// Stops the thread. Waits for a task that is running, at most 30 seconds.
    @Override
    public void close() {
        closed.countDown();
        try {
            if (!thread.join(Duration.ofSeconds(MAX_CLOSE_SECONDS))) {
                logger.warn("{} is still running after {} s", thread.getName(), MAX_CLOSE_SECONDS);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
