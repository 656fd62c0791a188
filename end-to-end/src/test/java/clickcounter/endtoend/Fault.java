package clickcounter.endtoend;

/// One thing that is done to a running service, and undone when it is over.
///
/// @param name what the report calls it
/// @param target what it breaks; of two faults with the same target only one happens at a time
/// @param action returns when what was broken is being put right, though maybe not yet ready
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
