package clickcounter.aggregator;

/// How far the database has come with a log, and who moves it on.
///
/// @param epoch the owner's number; each take-over raises it
/// @param flush the number of the last flush of the log
/// @param lastIndex the last record that is counted, or [clickcounter.shared.log.ClickReader#START]
record LogPosition(long epoch, long flush, long lastIndex) {
    LogPosition after(long newLastIndex) {
        return new LogPosition(epoch, flush + 1, newLastIndex);
    }
}
