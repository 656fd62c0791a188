package clickcounter.query;

import clickcounter.query.BannerCounts.Snapshot;
import clickcounter.query.LogTail.Pass;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The read: what the database has counted, plus the clicks of the log after the position that the database
/// names in the same snapshot.
///
/// A click that was acknowledged before the question is in the answer: before the database is asked, the tail
/// is told to read to the end of the log once more, and the answer waits for that.
///
/// **Threads**: any.
final class Statistics {
    /// Between the snapshot and the look at the kept clicks the tail may have dropped what a newer state of the
    /// database has. Asking the database again then gives that state, unless it was restored from a backup.
    private static final int MAX_ATTEMPTS = 3;

    private final BannerCounts database;
    private final LogTail tail;
    private final int maxRows;
    private final Duration maxWait;

    Statistics(BannerCounts database, LogTail tail, int maxRows, Duration maxWait) {
        this.database = database;
        this.tail = tail;
        this.maxRows = maxRows;
        this.maxWait = maxWait;
    }

    /// @param completeUntil null when all clicks are counted that were acknowledged before the question. Else
    /// all up to this time are, in the order of the log, and maybe some more; [Instant#EPOCH] when it is not
    /// known.
    record Answer(MinuteCounts counts, @Nullable Instant completeUntil) {}

    /// **Errors**: [Refusal] when the answer would be too long.
    Answer answer(StatisticsRequest asked) throws SQLException, Refusal {
        long deadlineNanos = System.nanoTime() + maxWait.toNanos();
        Pass pass = tail.nextPass();
        Snapshot snapshot = database.read(asked);
        long acknowledgedThrough = pass.await(deadlineNanos);
        KeptClicks.View kept = tail.kept();
        for (int attempt = 1; !kept.continues(snapshot.position()); attempt++) {
            if (attempt == MAX_ATTEMPTS || kept.isLost()) {
                return new Answer(limited(snapshot.counts(), asked), Instant.EPOCH);
            }
            snapshot = database.read(asked);
            kept = tail.kept();
        }
        KeptClicks.End end = kept.end();
        MinuteCounts counts = snapshot.counts().plus(kept.count(asked, snapshot.position()));
        boolean isComplete = Math.max(snapshot.position(), end.index()) >= acknowledgedThrough;
        return new Answer(limited(counts, asked), isComplete ? null : Instant.ofEpochMilli(end.timeMillis()));
    }

    private MinuteCounts limited(MinuteCounts counts, StatisticsRequest asked) throws Refusal {
        if (counts.size() <= maxRows) {
            return counts;
        }
        throw Refusal.badRequest("""
                Banner %d has clicks in more than %d minutes between "from" and "to", which is the most for one \
                answer; ask for shorter times, one after the other.\
                """.formatted(asked.bannerId(), maxRows));
    }
}
