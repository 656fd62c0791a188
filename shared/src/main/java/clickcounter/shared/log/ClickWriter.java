package clickcounter.shared.log;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
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

/// Appends clicks to the log. When [#append] returns, the click is in the log and survives the end of this
/// process.
///
/// One appender serves the whole process. Chronicle's appender must not be used by two threads at once, not
/// even once: the lock that all writing processes share would then be held for ever. So every use of it is
/// under one [ReentrantLock], which virtual threads take without holding their carrier.
///
/// While it is open, [LogKeeper] watches the disk and the locks of dead processes, and forces the log to the
/// disk.
///
/// **Threads**: any.
public final class ClickWriter implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(ClickWriter.class);

    /// A cycle takes 2^30 records; past that, Chronicle fails after it has written. Refusing begins this much
    /// earlier, which leaves room for what is appended between two looks of the keeper.
    private static final long RESERVED_RECORDS_PER_CYCLE = 1 << 20;

    private static final long MAX_RECORDS_PER_CYCLE =
            LogFolder.ROLL_CYCLE.maxMessagesPerCycle() - RESERVED_RECORDS_PER_CYCLE;

    /// More than one is needed only when other processes end a cycle at the same moment.
    private static final int MAX_APPEND_ATTEMPTS = 10;

    /// How long a log that was busy counts as not writable, for those who ask without appending.
    private static final Duration BUSY_MEMORY = Duration.ofSeconds(5);

    /// The folders that this process has written to: a lock in its name there may be its own.
    private static final Set<Path> openedHere = ConcurrentHashMap.newKeySet();

    private final UUID logId;
    private final SingleChronicleQueue queue;

    /// Gives clicks their times.
    private final MonotonicClock clock;

    /// Gives the queue its cycles. It may be ahead of `clock` by the rest of a cycle, after a power loss.
    private final MonotonicClock cycleClock;

    private final PowerLoss powerLoss;
    private final Lifetime lifetime;
    private final ReentrantLock lock = new ReentrantLock();
    private final ExcerptAppender appender;
    private final Bytes<?> buffer = ClickRecord.newBuffer();
    private final LogKeeper keeper;
    private long appendedClicks;
    private boolean refusesForGood;

    /// Why no click is taken at the moment; null when they are.
    private volatile @Nullable LogUnavailable refusal;

    /// When a click was last refused because the log was busy.
    private volatile long lastBusyNs = System.nanoTime() - BUSY_MEMORY.toNanos();

    private ClickWriter(LogSettings settings, Lifetime lifetime, LongSupplier systemMillis, String bootId) {
        this.lifetime = lifetime;
        clock = new MonotonicClock(systemMillis, 0);
        cycleClock = new MonotonicClock(systemMillis, 0);
        logId = LogFolder.id(settings.folder());
        if (openedHere.isEmpty()) {
            loadClasses();
        }
        powerLoss = PowerLoss.mark(settings.folder(), bootId);
        queue = LogFolder.open(settings.folder(), cycleClock);
        try {
            cycleClock.atLeast(LogFolder.startMillis(PowerLoss.firstCycle(settings.folder())));
            keeper = new LogKeeper(settings, this, lifetime);
            if (openedHere.add(settings.folder().toAbsolutePath())) {
                keeper.releaseLockOfAPredecessor();
            }
            if (!PowerLoss.mayHaveHoles(settings.folder(), queue.lastCycle(), bootId)) {
                clock.atLeast(lastTimeMillis(queue));
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

    /// Opens the log, which is made when it is missing. A fault of the disk ends `lifetime` with
    /// [ExitCode#LOG_FAULT].
    ///
    /// **Cost**: about a second in a fresh virtual machine.
    public static ClickWriter open(LogSettings settings, Lifetime lifetime) {
        return open(settings, lifetime, System::currentTimeMillis);
    }

    /// With another clock than the system's, for tests and imports.
    public static ClickWriter open(LogSettings settings, Lifetime lifetime, LongSupplier systemMillis) {
        return open(settings, lifetime, systemMillis, PowerLoss.bootId());
    }

    /// On another boot of the machine, too.
    static ClickWriter open(LogSettings settings, Lifetime lifetime, LongSupplier systemMillis, String bootId) {
        return new ClickWriter(settings, lifetime, systemMillis, bootId);
    }

    /// The identity of the log.
    public UUID logId() {
        return logId;
    }

    /// Appends one click of the banner, in the present minute.
    ///
    /// **Errors**: [LogUnavailable] when the click is not in the log and the client should try again.
    ///
    /// **Cost**: some 0.2 µs, no allocation. Waits at most [LogFolder#TIMEOUT_MILLIS] for other writers.
    public void append(long bannerId) {
        write(bannerId);
        awaitDisk();
    }

    /// The same, but does not wait for the disk where `LOG_SYNC` asks for that: the click must not be answered
    /// before [#awaitDisk] has returned.
    public void write(long bannerId) {
        try {
            appendUnderLock(bannerId);
        } catch (InterruptedException | InterruptedRuntimeException stopping) {
            throw stopping();
        }
    }

    /// Whether `LOG_SYNC` asks to wait for the disk before a click is answered.
    public boolean waitsForDisk() {
        return keeper.waitsForDisk();
    }

    /// Returns when all that was written before the call is as safe as `LOG_SYNC` asks for.
    ///
    /// **Errors**: [LogUnavailable] when the disk has failed.
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
            locked = lock.tryLock() || lock.tryLock(LogFolder.TIMEOUT_MILLIS, MILLISECONDS);
            if (!locked) {
                throw busy();
            }
            LogUnavailable reason = refusal;
            if (reason != null) {
                throw reason;
            }
            ClickRecord.fill(buffer, bannerId, clock.currentTimeMillis());
            appendToTheLastCycle();
            appendedClicks++;
        } catch (UnrecoverableTimeoutException anotherProcessHoldsIt) {
            throw busy();
        } catch (InternalError fault) {
            // A page of the file could not be written (disk full, I/O error). Appending on would hide later
            // clicks.
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

    /// Another process's clock may have been ahead when it began a cycle; this one's must not stay behind. Nor
    /// may it when another process has ended the cycle and not begun the next one, because it is about to or
    /// was killed: the append then fails before anything is written, and goes into the next cycle.
    private void appendToTheLastCycle() {
        for (int attempt = 1; true; attempt++) {
            cycleClock.atLeast(LogFolder.lastCycleStartMillis(queue));
            int cycle = queue.cycle();
            try {
                appender.writeBytes(buffer);
                return;
            } catch (WriteAfterEOFException hasEnded) {
                if (attempt == MAX_APPEND_ATTEMPTS) {
                    throw busy();
                }
                cycleClock.atLeast(LogFolder.startMillis(cycle + 1));
            }
        }
    }

    private LogUnavailable busy() {
        lastBusyNs = System.nanoTime();
        return new LogUnavailable(Reason.BUSY);
    }

    /// How many clicks this process has appended.
    public long appendedClicks() {
        lock.lock();
        try {
            return appendedClicks;
        } finally {
            lock.unlock();
        }
    }

    /// Why clicks are refused at the moment, or null. That the log was busy is remembered for some seconds.
    public @Nullable Reason refusalReason() {
        LogUnavailable reason = refusal;
        if (reason != null) {
            return reason.reason();
        }
        return System.nanoTime() - lastBusyNs < BUSY_MEMORY.toNanos() ? Reason.BUSY : null;
    }

    /// From now on clicks are refused with this reason; null takes them again. Nothing lifts the refusal after
    /// a fault.
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

    /// Forces what was appended to the disk before it closes.
    @Override
    public void close() {
        refuseForGood(new LogUnavailable(Reason.STOPPING));
        keeper.close();
        powerLoss.close();
        lock.lock();
        try {
            appender.close();
            queue.close();
        } finally {
            lock.unlock();
        }
        logger.info("{} clicks appended", appendedClicks);
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

    /// Appends to a log that is thrown away. The first append of a virtual machine loads Chronicle's classes,
    /// which takes long on a busy machine; in the real log it would hold the lock of all writers meanwhile.
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
            logger.debug("the classes of the log are not loaded in advance", failure);
        }
    }

    private boolean isCycleNearlyFull() {
        return appendedClicks > 0
                && LogFolder.ROLL_CYCLE.toSequenceNumber(appender.lastIndexAppended()) >= MAX_RECORDS_PER_CYCLE
                && appender.cycle() == queue.cycle();
    }

    /// The time of the log's last click; 0 when it has none.
    private static long lastTimeMillis(SingleChronicleQueue queue) {
        try (ExcerptTailer tailer = queue.createTailer()) {
            long lastIndex = queue.lastIndex();
            if (lastIndex == -1 || !tailer.moveToIndex(lastIndex)) {
                return 0;
            }
            try (DocumentContext document = tailer.readingDocument()) {
                var click = new ClickRecord();
                return document.isPresent() && click.read(document.wire()) ? click.timestampMillis() : 0;
            }
        }
    }
}
