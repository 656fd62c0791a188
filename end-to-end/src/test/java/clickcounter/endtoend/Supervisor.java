package clickcounter.endtoend;

import clickcounter.shared.ExitCode;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Starts processes again that end, as `run.sh` does: the first time at once, then after a pause, and not after
/// an exit code that says that this would do harm.
///
/// **Threads**: any.
final class Supervisor implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration MAX_RECOVERY = Duration.ofMinutes(2);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Consumer<ServiceProcess> whenReady;
    private final Map<ServiceProcess, Watch> watches = new ConcurrentHashMap<>();
    private final Map<String, Integer> exits = new TreeMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread = Thread.ofPlatform().name("supervisor").unstarted(this::run);

    private static final class Watch {
        private boolean isKnownReady;
        private boolean hasFailedBefore;
        private long restartNs;
        private boolean waitsForRestart;
    }

    /// @param whenReady is told of each process that has become ready after it was started again
    private Supervisor(Consumer<ServiceProcess> whenReady) {
        this.whenReady = whenReady;
    }

    static Supervisor start(Consumer<ServiceProcess> whenReady) {
        var supervisor = new Supervisor(whenReady);
        supervisor.thread.start();
        return supervisor;
    }

    /// From now on it is started again when it ends.
    void watch(ServiceProcess process) {
        watches.put(process, new Watch());
    }

    /// From now on its end is the caller's to deal with; no restart is under way when this returns.
    synchronized void leave(ServiceProcess process) {
        watches.remove(process);
    }

    /// Waits until all watched processes are ready at once.
    void awaitAllReady() {
        watches.keySet().forEach(this::awaitReady);
    }

    /// Waits until a watched process is ready, however often it has to be started until then.
    void awaitReady(ServiceProcess process) {
        long deadlineNs = System.nanoTime() + MAX_RECOVERY.toNanos();
        while (!process.isReady()) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("%s has not become ready within %d s. Its output:%n%s"
                        .formatted(process.name(), MAX_RECOVERY.toSeconds(), process.output()));
            }
            pause();
        }
    }

    /// Notes an end that the supervisor has not seen itself.
    synchronized void ended(ServiceProcess process, int exitCode) {
        exits.merge("%s %d".formatted(process.name().replaceAll("-\\d+$", ""), exitCode), 1, Integer::sum);
    }

    /// How often which process has ended with which code.
    synchronized Map<String, Integer> exits() {
        return new TreeMap<>(exits);
    }

    private void run() {
        while (closed.getCount() > 0) {
            watches.forEach(this::look);
            pause();
        }
    }

    private synchronized void look(ServiceProcess process, Watch watch) {
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
