package clickcounter.shared.log;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// Makes clicks wait until they are on the disk, many for one force: while the disk is busy with one group, the
/// next one gathers. For `LOG_SYNC=commit`.
///
/// **Threads**: any number wait; one of its own, `log-sync`, forces.
final class GroupCommit implements AutoCloseable {
    private final BooleanSupplier force;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wanted = lock.newCondition();
    private final Condition forced = lock.newCondition();
    private final Thread thread;

    /// Groups are numbered: what is appended while group n gathers is on the disk when n is forced.
    private long gathering = 1;

    private long forcedGroup;
    private boolean isWanted;
    private boolean isClosing;
    private boolean hasEnded;

    /// @param force forces all that is appended; returns false when that has failed for good
    GroupCommit(BooleanSupplier force) {
        this.force = force;
        thread = Thread.ofPlatform().name("log-sync").daemon().start(this::run);
    }

    /// Returns when everything that was appended before the call is on the disk; false when forcing has failed
    /// or has ended.
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
                complete(group);
                group = nextGroup();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            end();
        }
    }

    /// 0 when nobody waits and nobody will.
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

    private void complete(long group) {
        lock.lock();
        try {
            forcedGroup = group;
            forced.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            hasEnded = true;
            forced.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Whoever waits now still gets an answer.
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
