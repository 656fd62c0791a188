package clickcounter.query;

/// Where single clicks go, in the order of the log.
@FunctionalInterface
interface ClickSink {
    void click(long bannerId, long timeMillis);
}
