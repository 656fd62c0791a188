package clickcounter.shared;

/// A process has not stopped as it should: it may not have written everything that it had to. The message is printed
/// without a stack trace, and the process exits with [#code].
public final class StopFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode code;

    public StopFailure(ExitCode code, String message) {
        super(message);
        this.code = code;
    }

    public ExitCode code() {
        return code;
    }
}
