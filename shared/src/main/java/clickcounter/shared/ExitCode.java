package clickcounter.shared;

/// How a process of ours ends, for `run.sh`, systemd and operators.
public enum ExitCode {
    /// Stopped as asked; everything that had to be written is written.
    STOPPED(0),
    /// An error that nobody foresaw; the log has its stack trace. Worth a restart.
    UNEXPECTED(1),
    /// A setting, a port, the database or its schema: the message says what to mend. Worth a restart when it
    /// was there before.
    START_FAILED(2),
    /// The click log can no longer be written. Halted at once, because writing on could hide clicks. Worth a
    /// restart.
    LOG_FAULT(3),
    /// A newer aggregator has taken the log over. Not to be restarted: the two would take turns for ever.
    SUPERSEDED(4),
    /// The log does not hold the position that the database names. Not to be restarted before an operator has
    /// looked.
    LOG_MISMATCH(5),
    /// The database was restored or emptied under the running aggregator. Worth a restart: it counts on from
    /// there.
    DATABASE_CHANGED(6);

    private final int status;

    ExitCode(int status) {
        this.status = status;
    }

    /// The number that the operating system sees.
    public int status() {
        return status;
    }
}
