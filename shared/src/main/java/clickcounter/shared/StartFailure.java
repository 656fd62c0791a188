package clickcounter.shared;

/// A process cannot start, for a reason that the operator can mend. The message says what was wrong and what to
/// do; it is printed without a stack trace and the process exits with [#code].
public final class StartFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode code;

    /// With one clear sentence or two: what is wrong, with which value, and the way out.
    public StartFailure(String message) {
        this(ExitCode.START_FAILED, message);
    }

    /// Keeps the cause for debug logging.
    public StartFailure(String message, Throwable cause) {
        super(message, cause);
        code = ExitCode.START_FAILED;
    }

    /// For a failure that the supervisor must tell from others.
    public StartFailure(ExitCode code, String message) {
        super(message);
        this.code = code;
    }

    /// What the process exits with.
    public ExitCode code() {
        return code;
    }
}
