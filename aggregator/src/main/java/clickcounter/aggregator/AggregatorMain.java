package clickcounter.aggregator;

import clickcounter.shared.ProcessMain;

/// The aggregator process.
public final class AggregatorMain {
    private AggregatorMain() {}

    /// Runs until a signal ends it.
    public static void main(String[] arguments) {
        ProcessMain.run(
                "aggregator", (settings, lifetime) -> Aggregator.start(AggregatorSettings.read(settings), lifetime));
    }
}
