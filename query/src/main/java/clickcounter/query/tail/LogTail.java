package clickcounter.query.tail;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.ProcessMain;
import clickcounter.shared.log.ClickReader;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Follows the log and keeps the clicks that the database has not counted yet.
///
/// Its thread reads to the end of the log again and again; each time is a [Pass]. A request that must see all
/// clicks acknowledged so far asks for the next pass and waits until it ends. Between passes the thread sleeps
/// until someone asks for a pass or a short pause is over.
///
/// [#committed] tells it how far the database has counted, and those clicks are dropped. If the database is ahead
/// of everything that was read, or behind what was dropped (because it was restored from a backup), reading
/// continues at the database's position.
///
/// When the allowed number of clicks is kept, reading pauses: a click that the database does not have is never
/// dropped.
///
/// **Threads**: any.
public final class LogTail implements AutoCloseable {
    /// Returned by [#awaitEnd] when the end of the log was not reached: no index is as large.
    public static final long NOT_REACHED = Long.MAX_VALUE;

    private static final Logger logger = LoggerFactory.getLogger(LogTail.class);

    /// The pause between passes that no request asks for: long enough to cost nothing, and short enough that a
    /// pass has little to read.
    private static final Duration IDLE_PAUSE = Duration.ofMillis(20);

    /// How long the end of the log may not be reached before this is reported as a problem.
    private static final Duration MAX_BEHIND = Duration.ofSeconds(5);

    private static final Duration SKIPPED_REPORT_PAUSE = Duration.ofMinutes(1);
    private static final Duration MAX_CLOSE = Duration.ofSeconds(30);
    private static final int MAX_BATCH = ClickChunk.CAPACITY;
    private static final long NOTHING_NEW = Long.MIN_VALUE;

    private final ClickReader reader;
    private final int maxKept;
    private final Lifetime lifetime;
    private final Thread thread;
    private final AtomicLong committed = new AtomicLong(NOTHING_NEW);
    private volatile Pass next = new Pass();
    private volatile boolean closed;
    private volatile boolean lost;
    private volatile int keptClicks;
    private volatile long endReachedNs = System.nanoTime();

    // Used by the thread only.
    private final KeptClicks kept = new KeptClicks();
    private long reportedSkippedRecords;
    private long skippedReportNs = System.nanoTime() - SKIPPED_REPORT_PAUSE.toNanos();

    /// One reading to the end of the log.
    private static final class Pass {
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile boolean wanted;
        private long lastIndex = NOT_REACHED;

        private void end(long reached) {
            lastIndex = reached;
            ended.countDown();
        }
    }

    private LogTail(ClickReader reader, long position, int maxKept, Lifetime lifetime) {
        this.reader = reader;
        this.maxKept = maxKept;
        this.lifetime = lifetime;
        restart(position);
        pass();
        thread = Thread.ofPlatform().name("log-tail").daemon().unstarted(this::run);
    }

    /// Reads the clicks that follow `position`, then follows the log. Until the tail is closed, `reader` must not
    /// be used by anyone else.
    public static LogTail start(ClickReader reader, long position, int maxKept, Lifetime lifetime) {
        var tail = new LogTail(reader, position, maxKept, lifetime);
        tail.thread.start();
        return tail;
    }

    /// Waits until all clicks that are in the log now have been read. Returns the index of the last click of the
    /// log at that time, or [#NOT_REACHED] if the end of the log was not reached within `maxWait`.
    public long awaitEnd(Duration maxWait) {
        // The pass begins after this moment, because the thread replaces this field when it begins one.
        Pass pass = next;
        if (!pass.wanted) {
            pass.wanted = true;
            LockSupport.unpark(thread);
        }
        try {
            return pass.ended.await(maxWait.toNanos(), TimeUnit.NANOSECONDS) ? pass.lastIndex : NOT_REACHED;
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return NOT_REACHED;
        }
    }

    /// Returns how many clicks are kept.
    public int keptClicks() {
        return keptClicks;
    }

    /// Returns why the log cannot be followed from the database's position, or null if it can.
    public @Nullable String logProblem() {
        return lost ? "The position of the database is not in the log: one of them was replaced or restored." : null;
    }

    /// Returns why clicks may be missing in the statistics, or null if none are.
    public @Nullable String lagProblem() {
        return System.nanoTime() - endReachedNs < MAX_BEHIND.toNanos()
                ? null
                : "The log has not been read to its end for more than %d s; %d clicks are kept, STATS_MAX_KEPT is %d."
                        .formatted(MAX_BEHIND.toSeconds(), keptClicks, maxKept);
    }

    /// Returns the clicks that are kept.
    public KeptClicks.View kept() {
        return kept.view();
    }

    /// Tells the tail that the database has counted the clicks up to `position` and no others.
    public void committed(long position) {
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
            ProcessMain.haltIfBroken(unexpected);
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
        pass.end(reachedEnd ? kept.lastIndex() : NOT_REACHED);
        if (reachedEnd) {
            endReachedNs = System.nanoTime();
        }
        keptClicks = kept.count();
        reportSkippedRecords();
    }

    private void follow(long position) {
        if (position > reader.position() || !kept.view().continues(position)) {
            restart(position);
        } else {
            kept.drop(position);
        }
    }

    private void restart(long position) {
        boolean found = reader.moveTo(position);
        if (found) {
            kept.restart(position);
        } else {
            kept.lose();
        }
        if (!found && !lost) {
            logger.error(
                    "The database has counted the log {} up to index {}, which is not in the log: one of them was "
                            + "replaced or restored. Until they fit again, statistics come from the database alone; "
                            + "the aggregator says what to do.",
                    reader.logId(),
                    Long.toHexString(position));
        }
        if (found && lost) {
            logger.info("the database and the log fit again; statistics are complete");
        }
        lost = !found;
    }

    /// Returns whether the end was reached. If not, the allowed number of clicks is kept, or there is no position
    /// to read from.
    private boolean readToEnd() {
        while (!lost && !closed && kept.count() < maxKept) {
            int batch = Math.min(MAX_BATCH, maxKept - kept.count());
            int read = reader.read(batch, this::keep);
            kept.publish();
            if (read < batch) {
                return true;
            }
        }
        return false;
    }

    private boolean keep(long index, long bannerId, long timeMs) {
        kept.add(index, bannerId, timeMs);
        return true;
    }

    private void reportSkippedRecords() {
        long skippedRecords = reader.skippedRecords();
        if (skippedRecords > reportedSkippedRecords
                && System.nanoTime() - skippedReportNs >= SKIPPED_REPORT_PAUSE.toNanos()) {
            logger.warn(
                    "skipped {} records of the click log that are not clicks, {} since the start",
                    skippedRecords - reportedSkippedRecords,
                    skippedRecords);
            reportedSkippedRecords = skippedRecords;
            skippedReportNs = System.nanoTime();
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
