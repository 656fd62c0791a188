package clickcounter.query;

import clickcounter.shared.ProcessMain;

/// The query process.
public final class QueryMain {
    private QueryMain() {}

    /// Runs until a signal ends it.
    public static void main(String[] arguments) {
        ProcessMain.run("query", (settings, lifetime) -> Query.start(QuerySettings.read(settings), lifetime));
    }
}
