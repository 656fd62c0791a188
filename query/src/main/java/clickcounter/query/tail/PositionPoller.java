package clickcounter.query.tail;

import clickcounter.counts.BannerCounts;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseProbe;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the database once a second how far it has counted and tells the tail of the log, so that memory stays
/// bounded even when no one asks for statistics. It therefore also knows whether the database answers.
public final class PositionPoller implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(PositionPoller.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int POLLS_PER_SCHEMA_CHECK = 15;

    private final DatabaseProbe probe;
    private final BannerCounts counts;
    private final LogTail tail;
    private final PeriodicTask task;
    private int polls;
    private volatile @Nullable String databaseProblem;
    private volatile @Nullable String schemaProblem;

    private PositionPoller(DatabaseProbe probe, BannerCounts counts, LogTail tail, Lifetime lifetime) {
        this.probe = probe;
        this.counts = counts;
        this.tail = tail;
        poll();
        task = PeriodicTask.start("position", PAUSE, lifetime, this::poll);
    }

    /// Asks once, then continues in the background.
    public static PositionPoller start(DatabaseProbe probe, BannerCounts counts, LogTail tail, Lifetime lifetime) {
        return new PositionPoller(probe, counts, tail, lifetime);
    }

    /// Returns why the database cannot be asked, or null if it can.
    public @Nullable String databaseProblem() {
        return databaseProblem;
    }

    /// Returns what is wrong with the schema, or null if nothing is.
    public @Nullable String schemaProblem() {
        return schemaProblem;
    }

    private void poll() {
        try {
            tail.committed(counts.position());
            if (polls++ % POLLS_PER_SCHEMA_CHECK == 0) {
                schemaProblem = probe.schemaProblem();
            }
            if (databaseProblem != null) {
                logger.info("the database answers again");
            }
            databaseProblem = null;
        } catch (SQLException failure) {
            if (databaseProblem == null) {
                logger.warn(
                        "the database does not answer; requests for statistics are answered 503 until it does: {}",
                        Database.describe(failure));
            }
            databaseProblem = "The database does not answer: " + Database.describe(failure) + ".";
        }
    }

    @Override
    public void close() {
        task.close();
    }
}
