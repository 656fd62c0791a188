package clickcounter.shared.http;

import io.helidon.http.Status;

/// Banner ids as they stand in paths: a whole number from 1 to 2^63-1 in decimal digits.
public final class BannerId {
    /// What [#parse] gives for everything else.
    public static final long INVALID = -1;

    private static final long LARGEST_TENTH = Long.MAX_VALUE / 10;

    private BannerId() {}

    /// The id that stands in `path` from `start` to the end, or [#INVALID].
    ///
    /// **Cost**: no allocation.
    public static long parse(String path, int start) {
        long id = 0;
        for (int at = start; at < path.length(); at++) {
            int digit = path.charAt(at) - '0';
            if (digit < 0 || digit > 9 || id > LARGEST_TENTH) {
                return INVALID;
            }
            id = id * 10 + digit;
            if (id < 0) {
                return INVALID;
            }
        }
        return id == 0 ? INVALID : id;
    }

    /// The answer to a request with another id.
    public static Problem problem(String text) {
        return new Problem(
                Status.BAD_REQUEST_400,
                "The banner id %s is not a whole number from 1 to %d.".formatted(Problem.quote(text), Long.MAX_VALUE));
    }
}
