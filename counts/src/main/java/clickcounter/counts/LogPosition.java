package clickcounter.counts;

import clickcounter.shared.log.ClickReader;

/// How far the database has come with a log, and who moves it on.
///
/// @param epoch the owner's number; each take-over raises it
/// @param flush the number of the last flush of the log
/// @param lastIndex the last record that is counted, or [ClickReader#START]
public record LogPosition(long epoch, long flush, long lastIndex) {
    /// For messages: the index as Chronicle's tools show it.
    public String lastIndexText() {
        return lastIndex == ClickReader.START ? "its start" : "0x" + Long.toHexString(lastIndex);
    }

    public LogPosition after(long newLastIndex) {
        return new LogPosition(epoch, flush + 1, newLastIndex);
    }
}
