package clickcounter.endtoend;

import clickcounter.testing.Service;

/// A way in which strangers try to harm the service or its other clients.
///
/// @param name what the report calls it
/// @param budget what the attack uses up, of the budgets in `SECURITY.md`
/// @param where which process is attacked
/// @param few the size of the attack, in connections or requests, in the short run
/// @param many the size in the long run
record Attack(String name, String budget, Where where, int few, int many, Action action) {
    /// Returned by an attack whose clicks cannot be counted exactly.
    static final long UNKNOWN = -1;

    enum Where {
        INGEST,
        QUERY,
        INGEST_OF_FEW_FILES
    }

    @FunctionalInterface
    interface Action {
        /// Returns how many clicks of the attack were acknowledged, or [Attack#UNKNOWN].
        ///
        /// @param size [Attack#few] or [Attack#many]
        /// @param hold to be run while the attack is at its height; returns when the others were measured
        long run(Service service, int port, int size, Runnable hold) throws Exception;
    }
}
