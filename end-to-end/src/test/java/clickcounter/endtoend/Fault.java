package clickcounter.endtoend;

/// Something that breaks a part of a running service for a while and then repairs it.
///
/// @param name what the report calls it
/// @param target the part that it breaks; faults with the same target never happen at the same time
/// @param action returns when the part is being repaired, though it may not be ready yet
record Fault(String name, Target target, Action action) {
    enum Target {
        INGEST_A,
        INGEST_B,
        AGGREGATOR,
        QUERY,
        DATABASE,
        NETWORK
    }

    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }
}
