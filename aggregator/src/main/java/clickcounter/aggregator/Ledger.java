package clickcounter.aggregator;

import clickcounter.counts.LogPosition;
import clickcounter.shared.log.LogMeter;

/// Proves while everything runs that no click is lost or counted twice on its way from the log to the database:
///
///     appended − committed − pending = 0
///
/// - **appended**: records after the position at which this process took over the log, by the log's own numbering,
///   without records that are not clicks;
/// - **committed**: the sum of the clicks in all rows that this process has committed;
/// - **pending**: records after the position in the database, by the log's own numbering.
///
/// The log's numbering and the position in the database on one side, and the sum of the rows on the other, have nothing
/// in common but the clicks. Each start opens a new account: earlier counts are in the database together with the
/// position, by one transaction. A hole that a power loss has left in the log appears as a difference.
///
/// **Threads**: one records what it has committed, another one balances.
final class Ledger {
    private volatile Committed committed;

    // Used only by the thread that balances.
    private long appendedRecords;
    private long endOfAppended;

    /// What has been committed since the start.
    ///
    /// @param position the position in the database afterwards
    /// @param skippedRecords records up to the position that are not clicks
    record Committed(LogPosition position, long clicks, long skippedRecords) {}

    /// The account at one moment, in clicks.
    record Balance(long appended, long committed, long pending) {
        long difference() {
            return appended - committed - pending;
        }
    }

    /// @param start the position at the take-over
    Ledger(LogPosition start) {
        committed = new Committed(start, 0, 0);
        endOfAppended = start.lastIndex();
    }

    /// Records a flush; all numbers are sums since the start.
    void committed(LogPosition position, long clicks, long skippedRecords) {
        committed = new Committed(position, clicks, skippedRecords);
    }

    Committed committed() {
        return committed;
    }

    /// Returns the account for the moment at which the position in the database is that of `entry`.
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
