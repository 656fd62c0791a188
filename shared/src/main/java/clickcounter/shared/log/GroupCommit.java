package clickcounter.shared.log;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// Lets clicks wait until they are on disk, for `LOG_SYNC=commit`. Many clicks share one force: while the disk is
/// busy with one group of clicks, the next group gathers.
///
/// **Threads**: any number of threads wait; its own thread, `log-sync`, forces.
final class GroupCommit implements AutoCloseable {
    private final BooleanSupplier force;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wanted = lock.newCondition();
    private final Condition forced = lock.newCondition();
    private final Thread thread;

    /// The number of the group that gathers now. What is appended meanwhile is on disk once it is forced.
    private long gathering = 1;

    private long forcedGroup;
    private boolean isWanted;
    private boolean isClosing;
    private boolean hasEnded;

    /// @param force forces everything that is appended to disk; returns false if that has failed for good
    GroupCommit(BooleanSupplier force) {
        this.force = force;
        thread = Thread.ofPlatform().name("log-sync").daemon().start(this::run);
    }

    /// Waits until everything that was appended before is on disk. Returns false if forcing has failed or ended.
    boolean await() throws InterruptedException {
        lock.lock();
        try {
            long group = gathering;
            isWanted = true;
            wanted.signal();
            while (forcedGroup < group) {
                if (hasEnded) {
                    return false;
                }
                forced.await();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            long group = nextGroup();
            while (group > 0 && force.getAsBoolean()) {
                long done = group;
                wakeAll(() -> forcedGroup = done);
                group = nextGroup();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            wakeAll(() -> hasEnded = true);
        }
    }

    /// Waits until a click waits, then closes the gathering group and returns its number. Returns 0 if this
    /// object is being closed and no click waits.
    private long nextGroup() throws InterruptedException {
        lock.lock();
        try {
            while (!isWanted && !isClosing) {
                wanted.await();
            }
            if (!isWanted) {
                return 0;
            }
            isWanted = false;
            return gathering++;
        } finally {
            lock.unlock();
        }
    }

    private void wakeAll(Runnable change) {
        lock.lock();
        try {
            change.run();
            forced.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Forces once more for the clicks that wait now, then stops the thread.
    @Override
    public void close() {
        lock.lock();
        try {
            isClosing = true;
            wanted.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
