package clickcounter.shared;

/// A process cannot start, for a reason that the operator can mend. The message says what was wrong and what to do;
/// it is printed without a stack trace and the process exits with [ExitCode#START_FAILED].
public final class StartFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// With one clear sentence or two: what is wrong, with which value, and the way out.
    public StartFailure(String message) {
        super(message);
    }

    /// Keeps the cause for debug logging.
    public StartFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
