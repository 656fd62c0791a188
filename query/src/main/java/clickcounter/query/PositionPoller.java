package clickcounter.query;

import clickcounter.counts.BannerCounts;
import clickcounter.migrations.Database;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the tail of the log once a second how far the database has come, so that memory stays bounded also
/// when nobody asks for statistics; and knows by that how the database is.
final class PositionPoller implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(PositionPoller.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /// The schema is looked at once in so many times.
    private static final int POLLS_PER_SCHEMA_CHECK = 15;

    private final Database database;
    private final BannerCounts counts;
    private final LogTail tail;
    private final PeriodicTask task;
    private int polls;
    private volatile @Nullable String databaseProblem;
    private volatile @Nullable String schemaProblem;

    private PositionPoller(Database database, BannerCounts counts, LogTail tail, Lifetime lifetime) {
        this.database = database;
        this.counts = counts;
        this.tail = tail;
        poll();
        task = PeriodicTask.start("position", PAUSE, lifetime, this::poll);
    }

    /// Asks once, and goes on in the background.
    static PositionPoller start(Database database, BannerCounts counts, LogTail tail, Lifetime lifetime) {
        return new PositionPoller(database, counts, tail, lifetime);
    }

    /// Why the database cannot be asked; null when it can.
    @Nullable
    String databaseProblem() {
        return databaseProblem;
    }

    /// What is wrong with the schema; null when nothing is.
    @Nullable
    String schemaProblem() {
        return schemaProblem;
    }

    private void poll() {
        try {
            tail.committedThrough(counts.position());
            if (polls++ % POLLS_PER_SCHEMA_CHECK == 0) {
                schemaProblem = database.schemaProblem();
            }
            if (databaseProblem != null) {
                logger.info("the database answers again");
            }
            databaseProblem = null;
        } catch (SQLException failure) {
            if (databaseProblem == null) {
                logger.warn(
                        "the database does not answer; statistics are answered 503 meanwhile: {}",
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
