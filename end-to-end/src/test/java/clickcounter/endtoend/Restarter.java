package clickcounter.endtoend;

import clickcounter.shared.ExitCode;
import clickcounter.testing.Await;
import clickcounter.testing.TestProcess;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Restarts processes that end, as the supervisor does: the first time at once, then after a pause, and not after
/// an exit code that says that a restart would do harm. Unlike the supervisor, it leaves a process alone while a
/// test stops it.
///
/// **Threads**: any.
final class Restarter implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration MAX_RECOVERY = Duration.ofMinutes(2);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Consumer<TestProcess> whenReady;
    private final Map<TestProcess, Watch> watches = new ConcurrentHashMap<>();
    private final Map<String, Integer> exits = new TreeMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().name("restarter").unstarted(this::run);

    private static final class Watch {
        private boolean isKnownReady;
        private boolean hasFailedBefore;
        private long restartNs;
        private boolean waitsForRestart;
    }

    /// @param whenReady is called with each process that has become ready
    private Restarter(Consumer<TestProcess> whenReady) {
        this.whenReady = whenReady;
    }

    static Restarter start(Consumer<TestProcess> whenReady) {
        var restarter = new Restarter(whenReady);
        restarter.thread.start();
        return restarter;
    }

    /// Restarts the process from now on when it ends.
    void watch(TestProcess process) {
        watches.put(process, new Watch());
    }

    /// Leaves the end of the process to the caller from now on; no restart is under way when this returns.
    synchronized void leave(TestProcess process) {
        watches.remove(process);
    }

    /// Waits until each watched process is ready.
    void awaitAllReady() {
        watches.keySet().forEach(this::awaitReady);
    }

    /// Waits until a watched process is ready, however often it has to be restarted until then.
    void awaitReady(TestProcess process) {
        try {
            Await.until(process.name() + " is ready", MAX_RECOVERY, process::isReady);
        } catch (AssertionError failure) {
            throw new AssertionError(failure.getMessage() + "; its output:\n" + process.output(), failure);
        }
    }

    /// Notes the end of a process that is not watched at the moment.
    synchronized void ended(TestProcess process, int exitCode) {
        exits.merge("%s %d".formatted(process.name().replaceAll("-\\d+$", ""), exitCode), 1, Integer::sum);
    }

    /// How often each process has ended with each exit code.
    synchronized Map<String, Integer> exits() {
        return new TreeMap<>(exits);
    }

    private void run() {
        while (closed.getCount() > 0) {
            watches.forEach(this::look);
            pause();
        }
    }

    private synchronized void look(TestProcess process, Watch watch) {
        if (!watches.containsKey(process)) {
            return;
        }
        if (process.isAlive()) {
            if (!watch.isKnownReady && process.isReady()) {
                watch.isKnownReady = true;
                watch.hasFailedBefore = false;
                whenReady.accept(process);
            }
            return;
        }
        if (!watch.waitsForRestart) {
            int exitCode = process.awaitEnd();
            ended(process, exitCode);
            if (exitCode == ExitCode.SUPERSEDED.status() || exitCode == ExitCode.LOG_MISMATCH.status()) {
                watches.remove(process);
                return;
            }
            watch.restartNs = System.nanoTime() + (watch.hasFailedBefore ? PAUSE.toNanos() : 0);
            watch.waitsForRestart = true;
        }
        if (System.nanoTime() - watch.restartNs >= 0) {
            process.restart();
            watch.hasFailedBefore = true;
            watch.waitsForRestart = false;
            watch.isKnownReady = false;
        }
    }

    private void pause() {
        try {
            boolean _ = closed.await(POLL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
