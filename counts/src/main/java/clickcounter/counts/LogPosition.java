package clickcounter.counts;

import clickcounter.shared.log.ClickReader;

/// How far the database has counted a log, and which owner may count on.
///
/// @param epoch the number of the log's owner; each take-over raises it
/// @param flush the number of the log's last flush
/// @param lastIndex the last record that is counted, or [ClickReader#START]
public record LogPosition(long epoch, long flush, long lastIndex) {
    /// The index for messages, in the form in which Chronicle's tools show it.
    public String lastIndexText() {
        return lastIndex == ClickReader.START ? "its start" : "0x" + Long.toHexString(lastIndex);
    }

    /// Returns the position after the next flush, which counts the log up to `newLastIndex`.
    public LogPosition after(long newLastIndex) {
        return new LogPosition(epoch, flush + 1, newLastIndex);
    }
}
