package clickcounter.testing;

import java.util.Comparator;

/// The threads of this JVM that accept connections for Helidon's servers.
public final class Acceptors {
    private Acceptors() {}

    /// Closes the port of the server that was started last, in the way in which Helidon closes it when it cannot
    /// accept a connection: for good, and without telling anybody.
    public static void closeNewest() {
        Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("server-.*-listener"))
                .max(Comparator.comparingLong(Thread::threadId))
                .orElseThrow()
                .interrupt();
    }
}
