package clickcounter.shared;

import org.jspecify.annotations.Nullable;

/// A process cannot start, for a reason that the operator can fix. The message is printed without a stack trace,
/// and the process exits with [#code].
public final class StartFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode code;

    /// Takes one or two clear sentences: what is wrong, with which value, and how to fix it.
    public StartFailure(String message) {
        this(ExitCode.START_FAILED, message);
    }

    /// Keeps the cause for debug logging.
    public StartFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
        code = ExitCode.START_FAILED;
    }

    /// A failure that the supervisor must tell apart from others.
    public StartFailure(ExitCode code, String message) {
        super(message);
        this.code = code;
    }

    public ExitCode code() {
        return code;
    }
}
