package clickcounter.ingest;

import clickcounter.shared.ProcessMain;

/// The ingest process.
public final class IngestMain {
    private IngestMain() {}

    /// Runs until a signal ends it.
    ///
    /// @param arguments the number of this process where there are several; none for the only one
    public static void main(String[] arguments) {
        int number = arguments.length == 0 ? 1 : Integer.parseInt(arguments[0]);
        String name = number == 1 ? "ingest" : "ingest-" + number;
        ProcessMain.run(name, (settings, lifetime) -> Ingest.start(IngestSettings.read(settings, number), lifetime));
    }
}
