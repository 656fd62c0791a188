package clickcounter.endtoend;

import java.util.Collections;
import java.util.Set;

/// Something that breaks parts of a running service for a while and then repairs them.
///
/// @param name what the report calls it
/// @param targets the parts that it breaks
/// @param action returns when the parts are being repaired, though they may not be ready yet
record Fault(String name, Set<Target> targets, Action action) {
    Fault(String name, Target target, Action action) {
        this(name, Set.of(target), action);
    }

    enum Target {
        INGEST_A,
        INGEST_B,
        AGGREGATOR,
        QUERY,
        DATABASE,
        NETWORK,
        LOG
    }

    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    /// Faults that break the same part never happen at the same time.
    boolean canHappenWith(Fault other) {
        return Collections.disjoint(targets, other.targets);
    }
}
