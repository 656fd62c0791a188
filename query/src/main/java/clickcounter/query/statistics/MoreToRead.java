package clickcounter.query.statistics;

/// Thrown while counts are read if there are more of them than the question's pass allows. Everything that was read
/// is given up with it, so that nothing is kept while the question waits for a larger pass.
final class MoreToRead extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int maxRead;

    /// @param maxRead how many counts of one unit must be allowed
    MoreToRead(int maxRead) {
        super("up to %d counts must be read".formatted(maxRead), null, false, false);
        this.maxRead = maxRead;
    }

    int maxRead() {
        return maxRead;
    }
}
