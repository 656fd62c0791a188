package clickcounter.query;

import clickcounter.migrations.Database;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import java.sql.SQLException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the tail of the log once a second how far the database has come, so that memory stays bounded also
/// when nobody asks for statistics.
final class PositionPoller {
    private static final Logger logger = LoggerFactory.getLogger(PositionPoller.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final BannerCounts database;
    private final LogTail tail;
    private boolean isDatabaseAway;

    private PositionPoller(BannerCounts database, LogTail tail) {
        this.database = database;
        this.tail = tail;
    }

    static PeriodicTask start(BannerCounts database, LogTail tail, Lifetime lifetime) {
        return PeriodicTask.start("position", PAUSE, lifetime, new PositionPoller(database, tail)::poll);
    }

    private void poll() {
        try {
            tail.committedThrough(database.position());
            if (isDatabaseAway) {
                logger.info("the database answers again");
                isDatabaseAway = false;
            }
        } catch (SQLException failure) {
            if (!isDatabaseAway) {
                logger.warn(
                        "the database does not answer; statistics are answered 503 meanwhile: {}",
                        Database.describe(failure));
                isDatabaseAway = true;
            }
        }
    }
}
