package clickcounter.supervisor;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps one member of the service running: starts it again when it ends, after a delay and not after an exit
/// code that is final, until the lifetime of this process ends.
///
/// **Threads**: one starts and stops it; the keeper's own restarts the member.
final class Keeper {
    private static final Logger logger = LoggerFactory.getLogger(Keeper.class);
    private static final Duration READY_POLL = Duration.ofMillis(20);

    private final String name;
    private final Callable<Run> starter;
    private final Lifetime lifetime;
    private final Backoff backoff = new Backoff();
    private final Thread thread;
    private volatile Run run;
    private volatile long startNs = System.nanoTime();
    private volatile boolean isStopping;

    /// Starts the member for the first time.
    ///
    /// @param starter starts the member; returns as soon as its end can be waited for
    Keeper(String name, Callable<Run> starter, Lifetime lifetime) throws Exception {
        this.name = name;
        this.starter = starter;
        this.lifetime = lifetime;
        thread = Thread.ofPlatform().name("keep-" + name).daemon().unstarted(this::restartWhenItEnds);
        run = starter.call();
    }

    /// Waits until the member is ready for the first time, or the lifetime ends.
    ///
    /// **Errors**: [StartFailure] with the member's exit code when the member ends: what is wrong at the first
    /// start is still wrong at the next.
    void awaitReady() {
        Run first = run;
        while (!first.isReady()) {
            if (!first.isAlive()) {
                int status = first.awaitEnd();
                throw new StartFailure(
                        ExitCode.of(status),
                        "%s has not started (exit code %d); the line above says why".formatted(name, status));
            }
            if (lifetime.await(READY_POLL).isPresent()) {
                return;
            }
        }
    }

    /// From now on, the member is started again when it ends.
    void keep() {
        thread.start();
    }

    /// Stops the member for good.
    void stop() {
        isStopping = true;
        run.stop();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void restartWhenItEnds() {
        int status = run.awaitEnd();
        while (awaitRestart(status)) {
            status = runAgain();
        }
    }

    /// Waits until the member may be started again; false when it must not be.
    private boolean awaitRestart(int status) {
        if (mayNotRun()) {
            return false;
        }
        if (ExitCode.of(status).isFinal()) {
            logger.error(
                    "{} has ended for good (exit code {}, the line above says why); the rest goes on", name, status);
            return false;
        }
        Duration delay = backoff.after(Duration.ofNanos(System.nanoTime() - startNs));
        logger.warn("{} has ended (exit code {}); it is started again in {} s", name, status, delay.toSeconds());
        lifetime.await(delay);
        return !mayNotRun();
    }

    private boolean mayNotRun() {
        return isStopping || lifetime.hasEnded();
    }

    private int runAgain() {
        startNs = System.nanoTime();
        try {
            run = starter.call();
        } catch (StartFailure failure) {
            logger.error("{}", failure.getMessage());
            return failure.code().status();
        } catch (Exception unexpected) {
            logger.error("{} cannot be started", name, unexpected);
            return ExitCode.UNEXPECTED.status();
        }
        if (mayNotRun()) {
            run.stop(); // what stops everything may have seen the run before
        }
        return run.awaitEnd();
    }
}
