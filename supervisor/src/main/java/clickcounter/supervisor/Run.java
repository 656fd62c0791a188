package clickcounter.supervisor;

/// One run of a member of the service, from its start to its end.
interface Run {
    /// Whether the member does its work.
    boolean isReady();

    /// Whether the run has not ended.
    boolean isAlive();

    /// Waits until the run has ended, by itself or by [#stop()]; returns its exit status.
    int awaitEnd();

    /// Stops the member and waits until it has ended; does nothing when it has.
    void stop();
}
