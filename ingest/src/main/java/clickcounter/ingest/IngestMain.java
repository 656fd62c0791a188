package clickcounter.ingest;

import clickcounter.shared.Lifetime;
import clickcounter.shared.ProcessMain;

/// The ingest process.
public final class IngestMain {
    private IngestMain() {}

    /// Runs ingest until a signal ends it.
    ///
    /// @param arguments the number of this process if there are several; none if it is the only one
    public static void main(String[] arguments) {
        int number = arguments.length == 0 ? 1 : Integer.parseInt(arguments[0]);
        String name = number == 1 ? "ingest" : "ingest-" + number;
        ProcessMain.run(name, (settings, lifetime) -> {
            Ingest ingest = start(IngestSettings.read(settings, number), lifetime);
            AutoCloseable classCache = number == 1 ? ClassCache.makeWhereNeeded() : () -> {};
            return () -> {
                try (ingest;
                        classCache) {
                    // The maker of the cache ends first.
                }
            };
        });
    }

    static Ingest start(IngestSettings settings, Lifetime lifetime) {
        if (Runtime.getRuntime().availableProcessors() <= 2 || settings.http().sharesPort()) {
            limitVirtualThreads();
        }
        return Ingest.start(settings, lifetime);
    }

    /// Gives all virtual threads, which answer every request that is no plain click, one carrier thread: on few
    /// processors, and beside other ingest processes, several of them only take turns. One carrier needs one
    /// poller, because it starves one of several.
    ///
    /// The JDK reads these properties when the first virtual thread starts.
    private static void limitVirtualThreads() {
        System.setProperty("jdk.virtualThreadScheduler.parallelism", "1");
        System.setProperty("jdk.readPollers", "1");
    }
}
