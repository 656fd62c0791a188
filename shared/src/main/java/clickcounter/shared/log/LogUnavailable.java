package clickcounter.shared.log;

/// A click was not appended: the log takes none at the moment. Nothing was written; trying again later is safe.
public final class LogUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    /// The reason is for the client of the click: it names no path.
    LogUnavailable(String reason) {
        // Refusals come at the rate of clicks; a stack trace would say nothing.
        super(reason, null, false, false);
        this.reason = reason;
    }

    /// A sentence that may be shown to the client.
    public String reason() {
        return reason;
    }
}
