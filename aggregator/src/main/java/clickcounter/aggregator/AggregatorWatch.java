package clickcounter.aggregator;

import clickcounter.counts.CountStore;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.admin.Readiness;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogMeter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Observes the aggregator once a second from outside, for `/readyz` and `/metrics`: up to where the database has
/// counted the log, what waits in the log, how large the log is, and whether the [Ledger] balances. It has a
/// thread of its own because the aggregator's thread may wait for the database for hours.
final class AggregatorWatch implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(AggregatorWatch.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /// Clicks older than this that are not in the database mean that something is wrong, or that the aggregator
    /// is catching up.
    private static final Duration MAX_LAG = Duration.ofMinutes(1);

    /// The schema is checked once in so many looks.
    private static final int LOOKS_PER_SCHEMA_CHECK = 15;

    /// The newest file of the log may begin this much in the future, such as after a power loss.
    private static final Duration MAX_AHEAD = Duration.ofMinutes(10);

    private static final double MILLIS_PER_SECOND = 1e3;

    private final CountStore store;
    private final Database database;
    private final Ledger ledger;
    private final SafeClock clock;
    private final LogMeter meter;
    private final PrometheusRegistry metrics;
    private final PeriodicTask task;
    private int looks;
    private LogPosition lastKnown;

    private volatile @Nullable String databaseProblem;
    private volatile @Nullable String schemaProblem;
    private volatile @Nullable String epochProblem;
    private volatile @Nullable String logProblem;
    private volatile State state;

    /// What the last look has found.
    ///
    /// @param pending clicks that are not in the database
    /// @param oldestPendingMs the time of the first of these clicks; 0 when there is none
    /// @param aheadSeconds how far the newest file of the log begins in the future
    private record State(
            long pending, long oldestPendingMs, long aheadSeconds, LogMeter.Size size, Ledger.Balance balance) {
        double lagSeconds(long nowMs) {
            return pending == 0 || oldestPendingMs == 0
                    ? 0
                    : (double) Math.max(0, nowMs - oldestPendingMs) / MILLIS_PER_SECOND;
        }
    }

    /// Looks once, connects the checks of `readiness` and the metrics to what is found, and continues in the
    /// background. Takes over `meter` and closes it in the end.
    AggregatorWatch(
            CountStore store,
            Database database,
            Ledger ledger,
            SafeClock clock,
            LogMeter meter,
            Readiness readiness,
            PrometheusRegistry metrics,
            Lifetime lifetime) {
        this.store = store;
        this.database = database;
        this.ledger = ledger;
        this.clock = clock;
        this.meter = meter;
        this.metrics = metrics;
        lastKnown = ledger.committed().position();
        state = new State(0, 0, 0, new LogMeter.Size(0, 0), new Ledger.Balance(0, 0, 0));
        look();
        readiness.prove("log", () -> logProblem);
        readiness.prove("database", () -> databaseProblem);
        readiness.prove("schema", () -> schemaProblem);
        readiness.prove("epoch", () -> epochProblem);
        readiness.prove("lag", () -> lagProblem(state));
        gauge("clickcounter_clicks_pending", "Clicks in the log that are not in the database.", State::pending);
        gauge(
                "clickcounter_oldest_pending_click_age_seconds",
                "Age of the oldest click that is not in the database; 0 when there is none.",
                seen -> seen.lagSeconds(clock.host().millis()));
        gauge(
                "clickcounter_log_size_bytes",
                "Size of the log's files, as LOG_MAX_SIZE counts it.",
                seen -> seen.size.bytes());
        gauge(
                "clickcounter_log_ahead_seconds",
                "How far the newest file of the log begins in the future, because a clock was ahead; 0 normally.",
                State::aheadSeconds);
        gauge("clickcounter_log_files", "Files (cycles of ten minutes) of the log.", seen -> seen.size.files());
        gauge(
                "clickcounter_ledger_appended_clicks",
                "Clicks in the log after the position at which this process took it over, by the log's numbering.",
                seen -> seen.balance.appended());
        gauge(
                "clickcounter_ledger_committed_clicks",
                "Of these, the clicks in the rows that were committed to the database.",
                seen -> seen.balance.committed());
        gauge(
                "clickcounter_ledger_pending_clicks",
                "Of these, the clicks after the position in the database, by the log's numbering.",
                seen -> seen.balance.pending());
        gauge(
                "clickcounter_ledger_difference_clicks",
                "Appended less committed less pending: clicks that were lost, or counted twice when negative. Always 0.",
                seen -> seen.balance.difference());
        task = PeriodicTask.start("watch", PAUSE, lifetime, this::look);
    }

    private void gauge(String name, String help, Function<State, Number> value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(gauge -> gauge.call(value.apply(state).doubleValue()))
                .register(metrics);
    }

    private @Nullable String lagProblem(State seen) {
        double lagSeconds = seen.lagSeconds(clock.host().millis());
        return lagSeconds <= MAX_LAG.toSeconds()
                ? null
                : "The oldest of %d clicks that are not in the database is %d s old."
                        .formatted(seen.pending, (long) lagSeconds);
    }

    private void look() {
        // Read before the database: what is committed in the meantime is ahead of this entry, never behind it.
        Ledger.Committed entry = ledger.committed();
        boolean isBalanced = lookAtDatabase(entry);
        try {
            long end = meter.end();
            state = new State(
                    meter.records(lastKnown.lastIndex(), end),
                    meter.firstTimeMsAfter(lastKnown.lastIndex()),
                    aheadSeconds(end),
                    meter.size(),
                    isBalanced ? ledger.balance(entry, meter, end) : state.balance);
            logProblem = null;
        } catch (IOException | RuntimeException failure) {
            if (logProblem == null) {
                logger.warn("cannot measure the click log, so its metrics do not change: {}", failure.toString());
            }
            logProblem = "The click log cannot be measured.";
        }
    }

    /// The log neither begins new files nor deletes this one before its time has come.
    private long aheadSeconds(long end) {
        Duration ahead = Duration.between(clock.host().instant(), ClickReader.cycleStart(end));
        if (ahead.compareTo(MAX_AHEAD) > 0 && state.aheadSeconds == 0) {
            logger.warn(
                    "the newest file of the log begins {} s in the future: until then it grows and is not deleted. OPERATIONS.md has a chapter \"The log is ahead of the clock\".",
                    ahead.toSeconds());
        }
        return ahead.compareTo(MAX_AHEAD) > 0 ? ahead.toSeconds() : 0;
    }

    /// Returns whether the position in the database is that of `entry`.
    private boolean lookAtDatabase(Ledger.Committed entry) {
        try {
            Optional<LogPosition> found = store.position();
            clock.compare(database.time());
            if (looks++ % LOOKS_PER_SCHEMA_CHECK == 0) {
                schemaProblem = database.schemaProblem();
            }
            databaseProblem = null;
            epochProblem = epochProblem(found, entry.position());
            found.ifPresent(position -> lastKnown = position);
            return found.equals(Optional.of(entry.position()));
        } catch (SQLException failure) {
            // Not logged: the flush fails for the same reason and reports it.
            databaseProblem = "The database does not answer: " + Database.describe(failure) + ".";
            if (entry.position().flush() > lastKnown.flush()) {
                lastKnown = entry.position();
            }
            return false;
        }
    }

    private static @Nullable String epochProblem(Optional<LogPosition> found, LogPosition own) {
        if (found.isPresent() && found.get().epoch() > own.epoch()) {
            return "Another aggregator has taken the log over (epoch %d, this one has %d)."
                    .formatted(found.get().epoch(), own.epoch());
        }
        if (found.isEmpty() || found.get().epoch() < own.epoch() || found.get().flush() < own.flush()) {
            return "The database was restored or emptied: its position in the log is not the one that was written.";
        }
        return null;
    }

    @Override
    public void close() {
        task.close();
        meter.close();
    }
}
