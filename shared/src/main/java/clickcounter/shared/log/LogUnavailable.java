package clickcounter.shared.log;

/// A click was not appended: the log takes none at the moment. Nothing was written; trying again later is safe.
public final class LogUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /// Why no click is taken.
    public enum Reason {
        /// Another process holds the log's lock, or holds it up.
        BUSY("The click log is busy."),
        /// Less than `LOG_MIN_FREE` is free.
        DISK_FULL("There is too little free space for the click log."),
        /// The present cycle has as many clicks as it can.
        CYCLE_FULL("The log takes no more clicks in these 10 minutes."),
        /// It could not be written; the process ends.
        FAULT("The click log has failed."),
        /// The process ends as asked.
        STOPPING("The server is stopping.");

        private final String sentence;

        Reason(String sentence) {
            this.sentence = sentence;
        }

        /// A sentence that may be shown to the client of the click: it names no path.
        public String sentence() {
            return sentence;
        }
    }

    LogUnavailable(Reason reason) {
        // Refusals come at the rate of clicks; a stack trace would say nothing.
        super(reason.sentence, null, false, false);
        this.reason = reason;
    }

    /// Why.
    public Reason reason() {
        return reason;
    }
}
