package clickcounter.aggregator;

import clickcounter.counts.LogPosition;
import clickcounter.shared.log.LogMeter;

/// Proves while everything runs that no click is lost or counted twice on its way from the log into the
/// database:
///
///     appended − committed − pending = 0
///
/// - **appended**: records after the position at which this process took the log over, by the log's own
///   numbering, without those that are no clicks;
/// - **committed**: the sum of the clicks in all rows that this process has committed;
/// - **pending**: records after the position that stands in the database, by the log's own numbering.
///
/// The log's numbering and the position in the database on one side, the sum of the rows on the other, have
/// nothing in common but the clicks. Each start begins a new account; what was before it stands in the database
/// together with the position, in one transaction. A hole that a power loss has left shows as a difference.
///
/// **Threads**: one writes what it has committed, another one balances.
final class Ledger {
    private volatile Committed committed;

    // Of the thread that balances.
    private long appendedRecords;
    private long endOfAppended;

    /// What has been committed since the start.
    ///
    /// @param position where the log stands in the database after it
    /// @param skippedRecords records up to there that are no clicks
    record Committed(LogPosition position, long clicks, long skippedRecords) {}

    /// The account at one moment, in clicks.
    record Balance(long appended, long committed, long pending) {
        long difference() {
            return appended - committed - pending;
        }
    }

    /// @param start where the log stood when it was taken over
    Ledger(LogPosition start) {
        committed = new Committed(start, 0, 0);
        endOfAppended = start.lastIndex();
    }

    /// To be called after each flush, with sums since the start.
    void committed(LogPosition position, long clicks, long skippedRecords) {
        committed = new Committed(position, clicks, skippedRecords);
    }

    Committed committed() {
        return committed;
    }

    /// The account when the database stands where `entry` says.
    ///
    /// @param end the position of the log's last record
    Balance balance(Committed entry, LogMeter meter, long end) {
        appendedRecords += meter.records(endOfAppended, end);
        endOfAppended = end;
        return new Balance(
                appendedRecords - entry.skippedRecords(),
                entry.clicks(),
                meter.records(entry.position().lastIndex(), end));
    }
}
