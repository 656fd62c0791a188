package clickcounter.ingest;

import clickcounter.shared.ProcessMain;

/// The ingest process.
public final class IngestMain {
    private IngestMain() {}

    /// Runs until a signal ends it.
    public static void main(String[] arguments) {
        ProcessMain.run("ingest", (settings, lifetime) -> Ingest.start(IngestSettings.read(settings), lifetime));
    }
}
