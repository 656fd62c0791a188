package clickcounter.shared.log;

/// The log takes no click at the moment. Unless it has failed ([Reason#FAULT]), nothing was written.
public final class LogUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    public enum Reason {
        /// Another process holds the lock of the log.
        BUSY("The click log is busy."),
        /// Less than `LOG_MIN_FREE` is free.
        DISK_FULL("There is too little free space for the click log."),
        /// The current cycle cannot hold any more clicks.
        CYCLE_FULL("The click log takes no more clicks in these 10 minutes."),
        /// The log could not be written; the process ends.
        FAULT("The click log has failed."),
        /// The process is stopping, as it was asked to.
        STOPPING("The server is stopping.");

        private final String sentence;

        Reason(String sentence) {
            this.sentence = sentence;
        }

        /// A sentence that may be shown to clients: it contains no path.
        public String sentence() {
            return sentence;
        }
    }

    LogUnavailable(Reason reason) {
        // Clicks are refused as often as they come, and a stack trace would be of no use.
        super(reason.sentence, null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
