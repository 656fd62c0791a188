package clickcounter.shared.log;

/// A click was not appended: the log takes none at the moment. Nothing was written; trying again later is safe.
public final class LogUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// The message is for the client of the click: it names no path.
    LogUnavailable(String message) {
        // Refusals come at the rate of clicks; a stack trace would say nothing.
        super(message, null, false, false);
    }
}
