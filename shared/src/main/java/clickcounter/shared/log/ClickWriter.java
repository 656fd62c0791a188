package clickcounter.shared.log;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.shared.StopFailure;
import clickcounter.shared.clock.ClockState;
import clickcounter.shared.clock.MachineClock;
import clickcounter.shared.log.LogUnavailable.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.core.threads.InterruptedRuntimeException;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.UnrecoverableTimeoutException;
import net.openhft.chronicle.wire.WriteAfterEOFException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Appends clicks to the log. When [#append] returns, the click is in the log, and stays there if this process
/// ends in any way.
///
/// One appender serves the whole process. Two threads must never use it at the same time: if they do so even
/// once, the lock that all writing processes share may stay locked forever. So a [ReentrantLock] guards every use
/// of it; a virtual thread can wait for that without blocking its carrier thread.
///
/// While a writer is open, its [LogKeeper] watches the free space, releases the lock of dead processes, and
/// forces the log to disk.
///
/// **Threads**: any.
public final class ClickWriter implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(ClickWriter.class);

    /// A cycle holds 2^30 records; beyond that, Chronicle fails only after it has written. Clicks are refused
    /// earlier by as many records as may be appended between two checks of the keeper.
    private static final long RESERVED_RECORDS_PER_CYCLE = 1 << 20;

    private static final long MAX_RECORDS_PER_CYCLE =
            LogFolder.ROLL_CYCLE.maxMessagesPerCycle() - RESERVED_RECORDS_PER_CYCLE;

    /// An append needs more than one attempt only if other processes end a cycle at the same moment.
    private static final int MAX_APPEND_ATTEMPTS = 10;

    /// For how long after a click was refused because the log was busy [#refusalReason] reports that.
    private static final Duration BUSY_MEMORY = Duration.ofSeconds(5);

    /// A clock that was set back by more than this is followed; until then, time stands still.
    private static final long MAX_STANDSTILL_MS = ClockState.MAX_STEP.toMillis();

    /// The folders that this process has written to, where a lock with its process id may be its own.
    private static final Set<Path> openedHere = ConcurrentHashMap.newKeySet();

    private final UUID logId;
    private final SingleChronicleQueue queue;

    /// Maps the banner id of a request to the one that the click counts for.
    private final LongUnaryOperator countedAs;

    private final LongSupplier clockMs;

    /// Selects the queue's cycle. It may be ahead of the clicks' time: after a power loss by the rest of a
    /// cycle, and after the clock was set back by more than that.
    private final MonotonicClock cycleClock;

    private final PowerLoss powerLoss;
    private final Lifetime lifetime;
    private final ReentrantLock lock = new ReentrantLock();
    private final ExcerptAppender appender;
    private final Bytes<?> buffer = ClickRecord.newBuffer();
    private final LogKeeper keeper;
    private long lastTimeMs;
    private long appendedClicks;
    private boolean refusesForGood;

    /// Why clicks are refused at the moment; null if they are not.
    private volatile @Nullable LogUnavailable refusal;

    private volatile long lastBusyNs = System.nanoTime() - BUSY_MEMORY.toNanos();

    private ClickWriter(
            LogSettings settings, Lifetime lifetime, LongUnaryOperator countedAs, LongSupplier clockMs, String bootId) {
        this.lifetime = lifetime;
        this.countedAs = countedAs;
        this.clockMs = clockMs;
        cycleClock = new MonotonicClock(clockMs, 0);
        logId = LogFolder.id(settings.folder());
        if (openedHere.isEmpty()) {
            loadClasses();
        }
        powerLoss = PowerLoss.mark(settings.folder(), bootId);
        queue = LogFolder.open(settings.folder(), cycleClock);
        try {
            cycleClock.atLeast(LogFolder.startMs(PowerLoss.firstCycle(settings.folder())));
            keeper = new LogKeeper(settings, this, lifetime);
            keeper.releaseLockOfTheDead();
            PowerLoss.deleteMarksOfTheDead(settings.folder(), bootId);
            if (openedHere.add(settings.folder().toAbsolutePath())) {
                keeper.releaseLockOfAPredecessor();
            }
            if (!PowerLoss.mayHaveHoles(settings.folder(), queue.lastCycle(), bootId)) {
                lastTimeMs = lastTimeMs(queue);
            }
            appender = queue.createAppender();
            appender.singleThreadedCheckDisabled(true);
            keeper.start();
        } catch (IOException failure) {
            queue.close();
            throw new StartFailure(
                    "The click log in %s cannot be read: %s.".formatted(settings.folder(), failure), failure);
        } catch (RuntimeException | Error failure) {
            queue.close();
            throw failure;
        }
    }

    /// Opens the log; creates it if it is missing. Later, a fault of the disk ends `lifetime` with
    /// [ExitCode#LOG_FAULT].
    ///
    /// **Cost**: about a second in a new JVM.
    public static ClickWriter open(LogSettings settings, Lifetime lifetime) {
        return open(settings, lifetime, System::currentTimeMillis);
    }

    /// Opens the log with another clock than the system's, in milliseconds since 1970.
    public static ClickWriter open(LogSettings settings, Lifetime lifetime, LongSupplier clockMs) {
        return open(settings, lifetime, LongUnaryOperator.identity(), clockMs);
    }

    /// Opens the log like [#open(LogSettings, Lifetime)].
    ///
    /// @param countedAs returns the banner that a click on an id counts for; it is asked while no other click is
    ///     appended, and an [InternalError] that it throws is taken for a fault of the disk
    /// @param clockMs by which clicks are stamped, in milliseconds since 1970
    public static ClickWriter open(
            LogSettings settings, Lifetime lifetime, LongUnaryOperator countedAs, LongSupplier clockMs) {
        return new ClickWriter(settings, lifetime, countedAs, clockMs, MachineClock.currentBootId());
    }

    /// @param bootId the machine's current boot, which tests choose
    static ClickWriter open(LogSettings settings, Lifetime lifetime, LongSupplier clockMs, String bootId) {
        return new ClickWriter(settings, lifetime, LongUnaryOperator.identity(), clockMs, bootId);
    }

    public UUID logId() {
        return logId;
    }

    /// Appends a click with the current time, and waits until it is as safe as `LOG_SYNC` requires.
    ///
    /// **Errors**: [LogUnavailable] if the click is not in the log, or may not be on disk.
    ///
    /// **Cost**: about 0.2 µs, no allocation. Waits at most [LogFolder#TIMEOUT_MS] for other writers.
    public void append(long bannerId) {
        write(bannerId);
        awaitDisk();
    }

    /// Appends a click like [#append], but does not wait for the disk. The click must not be acknowledged before
    /// [#awaitDisk] has returned.
    ///
    /// **Errors**: [LogUnavailable] if the click is not in the log.
    public void write(long bannerId) {
        try {
            appendUnderLock(bannerId);
        } catch (InterruptedException | InterruptedRuntimeException stopping) {
            throw stopping();
        }
    }

    /// Whether `LOG_SYNC` requires a click to be on disk before it is acknowledged.
    public boolean waitsForDisk() {
        return keeper.waitsForDisk();
    }

    /// Waits until everything that was written before the call is as safe as `LOG_SYNC` requires.
    ///
    /// **Errors**: [LogUnavailable] if the disk has failed.
    public void awaitDisk() {
        try {
            if (!keeper.awaitSync()) {
                throw new LogUnavailable(Reason.FAULT);
            }
        } catch (InterruptedException stopping) {
            throw stopping();
        }
    }

    private static LogUnavailable stopping() {
        Thread.currentThread().interrupt();
        return new LogUnavailable(Reason.STOPPING);
    }

    private void appendUnderLock(long bannerId) throws InterruptedException {
        boolean locked = false;
        try {
            locked = lock.tryLock() || lock.tryLock(LogFolder.TIMEOUT_MS, MILLISECONDS);
            if (!locked) {
                throw busy();
            }
            LogUnavailable reason = refusal;
            if (reason != null) {
                throw reason;
            }
            ClickRecord.fill(buffer, countedAs.applyAsLong(bannerId), timeMs());
            appendToTheLastCycle();
            appendedClicks++;
        } catch (UnrecoverableTimeoutException anotherProcessHoldsIt) {
            throw busy();
        } catch (InternalError fault) {
            // A page of the file could not be written because the disk is full or has failed. Further appends
            // would hide the clicks after them.
            LogUnavailable reason = refuseForGood(new LogUnavailable(Reason.FAULT));
            lifetime.end(
                    ExitCode.LOG_FAULT,
                    "The click log cannot be written (%s). Free space on its disk or repair it, then start again. Every acknowledged click is in the log."
                            .formatted(fault.getMessage()));
            throw reason;
        } finally {
            if (locked) {
                lock.unlock();
            }
        }
    }

    /// Returns the time of the next click. It does not go back when the clock is set back a little; when it is
    /// set back further, it follows, so that the minutes are right from then on. The cycle never goes back.
    private long timeMs() {
        long nowMs = clockMs.getAsLong();
        if (nowMs > lastTimeMs || lastTimeMs - nowMs > MAX_STANDSTILL_MS) {
            lastTimeMs = nowMs;
        }
        cycleClock.atLeast(lastTimeMs);
        return lastTimeMs;
    }

    /// Appends to the newest cycle. Another process may have begun it with a clock that is ahead, so this clock
    /// must not stay behind. If another process has ended the cycle and is about to begin the next one, or was
    /// killed before it did, the append fails before anything is written and is repeated in the next cycle.
    private void appendToTheLastCycle() {
        for (int attempt = 1; true; attempt++) {
            cycleClock.atLeast(LogFolder.lastCycleStartMs(queue));
            int cycle = queue.cycle();
            try {
                appender.writeBytes(buffer);
                return;
            } catch (WriteAfterEOFException hasEnded) {
                if (attempt == MAX_APPEND_ATTEMPTS) {
                    throw busy();
                }
                cycleClock.atLeast(LogFolder.startMs(cycle + 1));
            }
        }
    }

    private LogUnavailable busy() {
        lastBusyNs = System.nanoTime();
        return new LogUnavailable(Reason.BUSY);
    }

    public long appendedClicks() {
        lock.lock();
        try {
            return appendedClicks;
        } finally {
            lock.unlock();
        }
    }

    /// Returns why clicks are refused at the moment, or null if they are not. That the log was busy is reported
    /// for some seconds.
    public @Nullable Reason refusalReason() {
        LogUnavailable reason = refusal;
        if (reason != null) {
            return reason.reason();
        }
        return System.nanoTime() - lastBusyNs < BUSY_MEMORY.toNanos() ? Reason.BUSY : null;
    }

    /// Refuses clicks for this reason from now on, or takes them again if it is null. The refusal after a fault
    /// or after [#close()] is final.
    void refuse(@Nullable LogUnavailable reason) {
        lock.lock();
        try {
            if (!refusesForGood) {
                refusal = isCycleNearlyFull() ? new LogUnavailable(Reason.CYCLE_FULL) : reason;
            }
        } finally {
            lock.unlock();
        }
    }

    /// Refuses further clicks, forces the log to disk, and closes it.
    @Override
    public void close() {
        refuseForGood(new LogUnavailable(Reason.STOPPING));
        boolean isOnDisk = keeper.stop();
        lock.lock();
        try {
            appender.close();
            queue.close();
        } finally {
            lock.unlock();
        }
        if (isOnDisk) {
            powerLoss.close();
        }
        logger.info("{} clicks appended", appendedClicks);
        if (!isOnDisk) {
            throw new StopFailure(
                    ExitCode.LOG_FAULT, "the last clicks may not be on disk: the log could not be forced to it");
        }
    }

    private LogUnavailable refuseForGood(LogUnavailable reason) {
        lock.lock();
        try {
            refusesForGood = true;
            refusal = reason;
            return reason;
        } finally {
            lock.unlock();
        }
    }

    /// Appends to a temporary log. The first append of a JVM loads Chronicle's classes, which takes long on a
    /// busy machine; in the real log, it would hold the lock of all writers during that time.
    private static void loadClasses() {
        try {
            Path scratch = Files.createTempDirectory("click-log");
            try (var queue = LogFolder.open(scratch, new MonotonicClock(System::currentTimeMillis, 0));
                    var appender = queue.createAppender()) {
                Bytes<?> click = ClickRecord.newBuffer();
                ClickRecord.fill(click, 1, 1);
                appender.writeBytes(click);
            } finally {
                try (Stream<Path> files = Files.list(scratch)) {
                    for (Path file : files.toList()) {
                        Files.deleteIfExists(file);
                    }
                }
                Files.deleteIfExists(scratch);
            }
        } catch (IOException failure) {
            logger.debug("the classes of the log could not be loaded in advance", failure);
        }
    }

    private boolean isCycleNearlyFull() {
        return appendedClicks > 0
                && LogFolder.ROLL_CYCLE.toSequenceNumber(appender.lastIndexAppended()) >= MAX_RECORDS_PER_CYCLE
                && appender.cycle() == queue.cycle();
    }

    private static long lastTimeMs(SingleChronicleQueue queue) {
        try (ExcerptTailer tailer = queue.createTailer()) {
            long lastIndex = queue.lastIndex();
            if (lastIndex == -1 || !tailer.moveToIndex(lastIndex)) {
                return 0;
            }
            try (DocumentContext document = tailer.readingDocument()) {
                var click = new ClickRecord();
                return document.isPresent() && click.read(document.wire()) ? click.timestampMs() : 0;
            }
        }
    }
}
