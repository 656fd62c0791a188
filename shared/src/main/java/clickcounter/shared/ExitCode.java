package clickcounter.shared;

/// How a process of ours ends, for the supervisor, systemd and operators.
public enum ExitCode {
    /// The process stopped as it was asked to, and has written everything that it had to.
    STOPPED(0),
    /// An error happened that nobody foresaw; its stack trace is logged. A restart may help.
    UNEXPECTED(1),
    /// A setting, a port, the database or its schema is wrong; the message says how to fix it. A restart helps if
    /// it worked before.
    START_FAILED(2),
    /// The click log can no longer be written. The process halts at once, because further writing could hide
    /// clicks. A restart may help.
    LOG_FAULT(3),
    /// There is no memory left, or the Java virtual machine has failed. The process halts at once, because nothing
    /// that it still does can be trusted; the machine itself, when the heap is full, halts with the same status. A
    /// restart helps.
    NO_MEMORY(3),
    /// A newer aggregator has taken over the log. A restart would do harm: the two would take turns forever.
    SUPERSEDED(4),
    /// The log does not contain the position in the database. An operator must look into it before a restart.
    LOG_MISMATCH(5),
    /// The database was restored or emptied while the aggregator was running. A restart helps: the aggregator
    /// continues from the position that the database holds now.
    DATABASE_CHANGED(6);

    private final int status;

    ExitCode(int status) {
        this.status = status;
    }

    /// Returns the meaning of a process's exit status, the first of two with the same; that of a process that was
    /// killed is [#UNEXPECTED].
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

    public int status() {
        return status;
    }
}
