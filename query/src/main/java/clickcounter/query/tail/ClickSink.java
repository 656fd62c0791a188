package clickcounter.query.tail;

/// Receives single clicks in the order of the log.
@FunctionalInterface
public interface ClickSink {
    /// Receives one click.
    void click(long bannerId, long timeMs);
}
