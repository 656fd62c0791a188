package clickcounter.query;

import clickcounter.counts.ClickTable;
import clickcounter.counts.CountStore;
import clickcounter.counts.Counts;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.log.ClickReader;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;

/// Counts the log with the aggregator's own store, but only when a test says so.
///
/// **Threads**: one moves the position; [#rollUp] and [#dropPartitions] may be called by others.
public final class SteppedAggregator implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final ClickReader reader;
    private final Database database;
    private final CountStore store;
    private LogPosition position;

    private SteppedAggregator(ClickReader reader, Database database) throws SQLException {
        this.reader = reader;
        this.database = database;
        store = new CountStore(database, reader.logId());
        position = store.takeOver();
    }

    public static SteppedAggregator open(Path logFolder, DatabaseSettings database) throws SQLException {
        return new SteppedAggregator(ClickReader.open(logFolder), Database.connect(database, "aggregator", 2));
    }

    /// Counts all clicks that are not in the database yet, and returns the position after them.
    public long move() throws SQLException {
        return move(Integer.MAX_VALUE);
    }

    /// Counts the next clicks, at most `maxClicks`, and returns the position after them.
    public long move(int maxClicks) throws SQLException {
        var clicks = new ClickTable();
        reader.read(maxClicks, (_, bannerId, timeMs) -> {
            clicks.add(bannerId, EpochMinute.ofMillis(timeMs), 1);
            return true;
        });
        if (clicks.size() > 0) {
            var counts = new Counts.Builder(clicks.size());
            clicks.forEach(counts::add);
            flush(reader.position(), counts.build());
        }
        return reader.position();
    }

    /// Adds counts and leaves the position as it is.
    public void add(Counts counts) throws SQLException {
        flush(position.lastIndex(), counts);
    }

    /// Sets the position and leaves the counts as they are.
    public void setPosition(long lastIndex) throws SQLException {
        flush(lastIndex, new Counts.Builder(0).build());
    }

    private void flush(long lastIndex, Counts counts) throws SQLException {
        if (!store.flush(position, lastIndex, counts)) {
            throw new IllegalStateException("The position in the database is not " + position + ".");
        }
        position = position.after(lastIndex);
    }

    /// Sums up the minutes before `to`.
    public void rollUp(Instant to) throws SQLException {
        store.rollUp(EpochMinute.of(to), Integer.MAX_VALUE, TIMEOUT);
    }

    /// Drops the minutes of the months that end before `to`.
    public void dropPartitions(Instant to) throws SQLException {
        if (store.dropPartitions(to) == 0) {
            throw new IllegalStateException("There was no month to drop.");
        }
    }

    @Override
    public void close() {
        database.close();
        reader.close();
    }
}
