package clickcounter.aggregator;

import clickcounter.counts.CountStore;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.Opened;
import clickcounter.shared.ProcessMain;
import clickcounter.shared.StartFailure;
import clickcounter.shared.admin.AdminServer;
import clickcounter.shared.admin.Readiness;
import clickcounter.shared.clock.HostClock;
import clickcounter.shared.clock.MachineClock;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogMeter;
import clickcounter.shared.log.LogRetention;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running aggregator. One thread does everything in turn: it reads a bounded batch from the log, adds it to
/// the shards of its minutes, and once per interval moves the shards and the position to the database.
///
/// It reads nothing while it writes. So the log is the only buffer, and memory is bounded however long the
/// database is away. Only the position in the database says what is counted: after a crash, the next aggregator
/// continues from there.
public final class Aggregator implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Aggregator.class);

    /// The most records in one batch; so also the most rows by which a batch can increase the waiting ones.
    private static final int BATCH_RECORDS = 65_536;

    /// The most minutes in one batch.
    private static final int BATCH_MINUTES = 64;

    /// How much a flush may be delayed while the end of the log is not reached.
    private static final long MAX_CATCH_UP_NS = Duration.ofSeconds(4).toNanos();

    /// How long the thread sleeps at the end of the log.
    private static final long IDLE_PAUSE_NS = Duration.ofMillis(10).toNanos();

    /// How long a stopping aggregator reads on towards the end of the log before its last flush.
    private static final long LAST_READ_NS = Duration.ofSeconds(5).toNanos();

    /// How long a stopping aggregator has for its last reads and its last flush. A silent database would take
    /// longer.
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    /// How often to look for old files of the log.
    private static final Duration RETENTION_PAUSE = Duration.ofMinutes(1);

    /// One thread flushes; a second connection lets it ask for the outcome while the first one is being
    /// abandoned. The other two are for the roll-up and the watch.
    private static final int CONNECTIONS = 4;

    private final Opened opened = new Opened();

    private final AggregatorSettings settings;
    private final Lifetime lifetime;
    private final ClickReader reader;
    private final LogRetention retention;
    private final Database database;
    private final Flusher flusher;
    private final BatchFold fold = new BatchFold(BATCH_RECORDS, BATCH_MINUTES);
    private final MinuteShards shards;
    private final SafeClock clock;
    private final Ledger ledger;
    private final Counter foldedClicks;
    private final Readiness readiness = new Readiness("log", "database", "schema", "epoch", "lag");
    private final AdminServer admin;
    private final Thread thread;
    private long nextFlushNs = System.nanoTime();
    private boolean isRetentionFailing;
    private long nextRetentionNs = System.nanoTime();

    private Aggregator(AggregatorSettings settings, MachineClock machine, Lifetime lifetime) {
        this.settings = settings;
        this.lifetime = lifetime;
        retention = new LogRetention(settings.logFolder(), settings.logRetention(), settings.maxLogBytes());
        var metrics = new PrometheusRegistry();
        foldedClicks = Counter.builder()
                .name("clickcounter_clicks_folded_total")
                .help("Clicks that this process has read from the log and counted.")
                .register(metrics);
        try {
            admin = opened.add(AdminServer.start(settings.admin(), readiness, metrics, lifetime));
            HostClock host = opened.add(HostClock.start(settings.logFolder(), machine, lifetime))
                    .expose(metrics);
            reader = opened.add(ClickReader.open(settings.logFolder()));
            database = opened.add(
                    Database.connect(settings.database(), "click-counter-aggregator", CONNECTIONS, lifetime));
            var store = new CountStore(database, reader.logId());
            LogPosition position = takeOver(store);
            flusher = new Flusher(store, position, metrics, lifetime);
            shards = opened.add(new MinuteShards(
                    settings.shardFolder(), settings.maxRows() + BATCH_RECORDS, settings.flushWorkers()));
            clock = new SafeClock(host, Neighbours::isOnAnotherMachine);
            ledger = new Ledger(position);
            opened.add(new AggregatorWatch(
                    store, database, ledger, clock, LogMeter.open(settings.logFolder()), readiness, metrics, lifetime));
            opened.add(RollUp.start(store, clock, settings.minuteRetention(), lifetime));
            // It is also closed before the watch, which may be waiting for it.
            opened.add(database);
        } catch (RuntimeException failure) {
            opened.closeAfter(failure);
            throw failure;
        }
        readiness.started();
        thread = Thread.ofPlatform().name("aggregator").start(this::run);
    }

    /// Takes the log over from its former owner and returns when clicks are being counted.
    ///
    /// **Errors**: [StartFailure] when the database or the log cannot be used.
    public static Aggregator start(AggregatorSettings settings, Lifetime lifetime) {
        return start(settings, new MachineClock(), lifetime);
    }

    /// Starts it on a machine whose clocks a test moves.
    static Aggregator start(AggregatorSettings settings, MachineClock machine, Lifetime lifetime) {
        return new Aggregator(settings, machine, lifetime);
    }

    /// The port for operators.
    public int adminPort() {
        return admin.port();
    }

    /// Counts what is in the log, writes it if the database accepts it, and closes everything.
    @Override
    public void close() {
        readiness.stopping();
        lifetime.end(ExitCode.STOPPED, "closed");
        try {
            if (!thread.join(STOP_TIMEOUT)) {
                // This makes the flush fail and be abandoned; the next aggregator counts its clicks from the log.
                database.close();
                thread.join();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        opened.close();
        logger.info("wrote {} clicks to the database in {} rows", flusher.flushedClicks(), flusher.flushedRows());
    }

    private LogPosition takeOver(CountStore store) {
        try {
            // Checked before the take-over, too: an aggregator that cannot continue with this log must not stop
            // the one that counts it.
            moveReaderTo(store.position().map(LogPosition::lastIndex).orElse(ClickReader.START));
            LogPosition position = store.takeOver();
            moveReaderTo(position.lastIndex());
            logger.info(
                    "took over log {}: epoch {}, counted up to {}",
                    reader.logId(),
                    position.epoch(),
                    position.lastIndexText());
            return position;
        } catch (SQLException failure) {
            throw new StartFailure(
                    "The log cannot be taken over in the database: " + Database.describe(failure), failure);
        }
    }

    private void moveReaderTo(long lastIndex) {
        if (!reader.moveTo(lastIndex)) {
            throw new StartFailure(ExitCode.LOG_MISMATCH, """
                    The click log in %s (id %s) does not hold record 0x%x, up to which the database has counted it: \
                    files of the log were deleted, replaced or restored from an older copy. Bring the right files \
                    back. If what is in the folder now was never counted, delete %s to count it as a new log.\
                    """.formatted(
                            settings.logFolder().toAbsolutePath(),
                            reader.logId(),
                            lastIndex,
                            settings.logFolder().resolve("log.id").toAbsolutePath()));
        }
    }

    private void run() {
        try {
            boolean isIntact = true;
            while (isIntact && !lifetime.hasEnded()) {
                int records = readBatch();
                isIntact = !isFlushDue(records) || flush();
                deleteOldLog();
                if (records == 0) {
                    LockSupport.parkNanos(this, IDLE_PAUSE_NS);
                }
            }
            if (isIntact) {
                finish();
            }
        } catch (StartFailure repairable) {
            lifetime.end(repairable.code(), String.valueOf(repairable.getMessage()));
        } catch (Throwable unexpected) {
            ProcessMain.haltIfBroken(unexpected);
            logger.error("the aggregator failed", unexpected);
            lifetime.end(ExitCode.UNEXPECTED, "The aggregator failed: " + unexpected);
        }
    }

    private int readBatch() {
        long skippedBefore = reader.skippedRecords();
        int records = reader.read(BATCH_RECORDS, (_, bannerId, timestampMs) -> fold.add(bannerId, timestampMs));
        fold.drainTo(shards::add);
        long skipped = reader.skippedRecords() - skippedBefore;
        foldedClicks.inc(records - skipped);
        if (skipped > 0) {
            logger.error(
                    "skipped {} records of the log that are not clicks, the last of them before 0x{}",
                    skipped,
                    Long.toHexString(reader.position()));
        }
        return records;
    }

    private boolean isFull() {
        return shards.rows() >= settings.maxRows() || shards.minutes() >= settings.maxMinutes();
    }

    /// A full batch is followed by more records. An aggregator that is behind reads on before it flushes, though
    /// not for ever: clicks of the same minutes then become fewer rows.
    private boolean isFlushDue(int records) {
        long patienceNs = records == BATCH_RECORDS ? MAX_CATCH_UP_NS : 0;
        return isFull() || System.nanoTime() - nextFlushNs >= patienceNs;
    }

    /// Returns false when the flush was abandoned; nothing may be flushed after that.
    private boolean flush() {
        nextFlushNs = System.nanoTime() + settings.flushInterval().toNanos();
        boolean isUpToDate = reader.position() == flusher.position().lastIndex();
        if (isUpToDate) {
            return true;
        }
        boolean isCommitted = flusher.flush(reader.position(), shards.drain());
        if (isCommitted) {
            ledger.committed(flusher.position(), flusher.flushedClicks(), reader.skippedRecords());
        }
        return isCommitted;
    }

    /// Counts and writes what is in the log by now.
    private void finish() {
        long endNs = System.nanoTime() + LAST_READ_NS;
        int records = readBatch();
        while (records > 0 && !isFull() && System.nanoTime() - endNs < 0) {
            records = readBatch();
        }
        flush();
    }

    private void deleteOldLog() {
        if (System.nanoTime() - nextRetentionNs < 0) {
            return;
        }
        nextRetentionNs = System.nanoTime() + RETENTION_PAUSE.toNanos();
        try {
            retention.apply(flusher.position().lastIndex(), clock.instant());
            if (isRetentionFailing) {
                logger.info("deleting old files of the log works again");
            }
            isRetentionFailing = false;
        } catch (IOException failure) {
            if (!isRetentionFailing) {
                logger.warn(
                        "cannot delete old files of the log, so it grows; trying again every minute: {}",
                        failure.toString());
            }
            isRetentionFailing = true;
        }
    }
}
