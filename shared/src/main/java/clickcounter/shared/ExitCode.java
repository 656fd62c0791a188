package clickcounter.shared;

/// How a process of ours ends, for the supervisor, systemd and operators.
public enum ExitCode {
    /// Stopped as asked; everything that had to be written is written.
    STOPPED(0),
    /// An error that nobody foresaw; the log has its stack trace. Worth a restart.
    UNEXPECTED(1),
    /// A setting, a port, the database or its schema is wrong: the message says what to fix. Worth a restart when the
    /// process has run before.
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

    /// The meaning of a process's exit status; that of a process that was killed is [#UNEXPECTED].
    public static ExitCode of(int status) {
        for (ExitCode code : values()) {
            if (code.status == status) {
                return code;
            }
        }
        return UNEXPECTED;
    }

    /// Whether a restart would do harm.
    public boolean isFinal() {
        return this == SUPERSEDED || this == LOG_MISMATCH;
    }

    /// The number that the operating system sees.
    public int status() {
        return status;
    }
}
