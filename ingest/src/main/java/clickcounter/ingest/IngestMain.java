package clickcounter.ingest;

import clickcounter.shared.ProcessMain;

/// The ingest process.
public final class IngestMain {
    private IngestMain() {}

    /// @param arguments the number of this process if there are several; none if it is the only one
    public static void main(String[] arguments) {
        int number = arguments.length == 0 ? 1 : Integer.parseInt(arguments[0]);
        String name = number == 1 ? "ingest" : "ingest-" + number;
        ProcessMain.run(name, (settings, lifetime) -> Ingest.start(IngestSettings.read(settings, number), lifetime));
    }
}
