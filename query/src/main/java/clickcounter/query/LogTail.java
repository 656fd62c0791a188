package clickcounter.query;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.log.ClickReader;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Follows the log and keeps the clicks that the database does not have yet.
///
/// Its thread reads to the end of the log again and again. One such reading is a [Pass]; a request that must
/// see all clicks acknowledged so far asks for the next pass and waits for its end. Between passes the thread
/// sleeps, until somebody asks for one or a short pause is over.
///
/// What the database has counted it is told by [#committedThrough]: those clicks are dropped. When the database
/// is ahead of all that was read, or behind what was dropped (restored from a backup), reading goes on from its
/// position.
///
/// When as many clicks are kept as are allowed, reading pauses: it never drops a click that is not in the
/// database.
///
/// **Threads**: any.
final class LogTail implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(LogTail.class);

    /// Between passes that nobody asked for. Long enough to cost nothing, short enough that a pass has little
    /// to read.
    private static final Duration IDLE_PAUSE = Duration.ofMillis(20);

    private static final Duration SKIPPED_REPORT_PAUSE = Duration.ofMinutes(1);
    private static final Duration MAX_CLOSE = Duration.ofSeconds(30);
    private static final int BATCH = ClickChunk.CAPACITY;
    private static final long NOTHING_NEW = Long.MIN_VALUE;

    private final ClickReader reader;
    private final int maxKept;
    private final Lifetime lifetime;
    private final Thread thread;
    private final AtomicLong committed = new AtomicLong(NOTHING_NEW);
    private volatile Pass next = new Pass();
    private volatile boolean closed;

    /// How long the end of the log may be out of reach before that is a problem.
    private static final Duration MAX_BEHIND = Duration.ofSeconds(5);

    private volatile boolean lost;
    private volatile int keptClicks;
    private volatile long endReachedNanos = System.nanoTime();

    // Of the thread.
    private final KeptClicks kept = new KeptClicks();
    private long reportedSkippedRecords;
    private long skippedReportNanos = System.nanoTime() - SKIPPED_REPORT_PAUSE.toNanos();

    /// One reading to the end of the log.
    static final class Pass {
        /// The end was not reached: no index is as large.
        static final long NOT_REACHED = Long.MAX_VALUE;

        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile boolean wanted;
        private long through = NOT_REACHED;

        /// The index of the log's last click when the pass ended, or [#NOT_REACHED] when it has not reached the
        /// end of the log before `deadlineNanos`.
        long await(long deadlineNanos) {
            try {
                return ended.await(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS) ? through : NOT_REACHED;
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                return NOT_REACHED;
            }
        }

        private void end(long reached) {
            through = reached;
            ended.countDown();
        }
    }

    private LogTail(ClickReader reader, long position, int maxKept, Lifetime lifetime) {
        this.reader = reader;
        this.maxKept = maxKept;
        this.lifetime = lifetime;
        restartAfter(position);
        pass();
        thread = Thread.ofPlatform().name("log-tail").daemon().unstarted(this::run);
    }

    /// Reads what there is after `position`, then follows the log. Nobody else uses `reader` until the tail is
    /// closed.
    static LogTail start(ClickReader reader, long position, int maxKept, Lifetime lifetime) {
        var tail = new LogTail(reader, position, maxKept, lifetime);
        tail.thread.start();
        return tail;
    }

    /// The first pass that has not begun yet: when it ends, all clicks that are in the log now have been read.
    Pass nextPass() {
        // Reading this field before the thread replaces it is what puts the pass after this moment.
        Pass pass = next;
        if (!pass.wanted) {
            pass.wanted = true;
            LockSupport.unpark(thread);
        }
        return pass;
    }

    /// How many clicks are kept.
    int keptClicks() {
        return keptClicks;
    }

    /// Why the log cannot be followed from the database's position; null when it can.
    @Nullable
    String logProblem() {
        return lost ? "The position of the database is not in the log: one of them was replaced or restored." : null;
    }

    /// Why clicks may be missing in the statistics; null when none are.
    @Nullable
    String lagProblem() {
        return System.nanoTime() - endReachedNanos < MAX_BEHIND.toNanos()
                ? null
                : "The log was not read to its end for more than %d s; %d clicks are kept, STATS_MAX_KEPT is %d."
                        .formatted(MAX_BEHIND.toSeconds(), keptClicks, maxKept);
    }

    /// The clicks that are kept.
    KeptClicks.View kept() {
        return kept.view();
    }

    /// The database has counted all clicks up to this position, and no other.
    void committedThrough(long position) {
        committed.set(position);
    }

    private void run() {
        try {
            while (!closed) {
                pass();
                if (!next.wanted) {
                    LockSupport.parkNanos(this, IDLE_PAUSE.toNanos());
                }
            }
        } catch (Throwable unexpected) {
            logger.error("the click log can no longer be followed", unexpected);
            lifetime.end(ExitCode.UNEXPECTED, "the click log can no longer be followed: " + unexpected);
        }
    }

    private void pass() {
        Pass pass = next;
        next = new Pass();
        long position = committed.getAndSet(NOTHING_NEW);
        if (position != NOTHING_NEW) {
            follow(position);
        }
        boolean reachedEnd = readToEnd();
        pass.end(reachedEnd ? kept.through() : Pass.NOT_REACHED);
        if (reachedEnd) {
            endReachedNanos = System.nanoTime();
        }
        keptClicks = kept.count();
        reportSkippedRecords();
    }

    private void follow(long position) {
        if (position > reader.position() || !kept.view().continues(position)) {
            restartAfter(position);
        } else {
            kept.dropThrough(position);
        }
    }

    private void restartAfter(long position) {
        boolean found = reader.moveTo(position);
        if (found) {
            kept.restartAfter(position);
        } else {
            kept.lose();
        }
        if (!found && !lost) {
            logger.error(
                    "The database has counted the log {} up to index {}, which is not in the log: one of them was "
                            + "replaced or restored. Statistics come from the database alone, until both fit again; "
                            + "the aggregator says what to do.",
                    reader.logId(),
                    Long.toHexString(position));
        }
        if (found && lost) {
            logger.info("the database and the log fit again; statistics are complete");
        }
        lost = !found;
    }

    /// Returns whether the end was reached; else as many clicks are kept as are allowed, or there is no
    /// position to read from.
    private boolean readToEnd() {
        while (!lost && !closed && kept.count() < maxKept) {
            int most = Math.min(BATCH, maxKept - kept.count());
            int read = reader.read(most, this::keep);
            kept.publish();
            if (read < most) {
                return true;
            }
        }
        return false;
    }

    private boolean keep(long index, long bannerId, long timeMillis) {
        kept.add(index, bannerId, timeMillis);
        return true;
    }

    private void reportSkippedRecords() {
        long skippedRecords = reader.skippedRecords();
        if (skippedRecords > reportedSkippedRecords
                && System.nanoTime() - skippedReportNanos >= SKIPPED_REPORT_PAUSE.toNanos()) {
            logger.warn(
                    "{} records of the click log are no clicks and were passed over, {} since the start",
                    skippedRecords - reportedSkippedRecords,
                    skippedRecords);
            reportedSkippedRecords = skippedRecords;
            skippedReportNanos = System.nanoTime();
        }
    }

    /// Waits until the thread has ended.
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            if (!thread.join(MAX_CLOSE)) {
                logger.warn("{} has not ended after {} s", thread.getName(), MAX_CLOSE.toSeconds());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
