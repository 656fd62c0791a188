package clickcounter.shared.http;

import io.helidon.http.Status;

/// Parses banner ids: whole numbers from 1 to 2^63-1 in ASCII digits, with leading zeros or without.
public final class BannerId {
    /// What is returned for everything that is not a banner id.
    public static final long INVALID = -1;

    /// The id that clicks on unknown banners count for when too many banners are new.
    public static final long OTHER = Long.MAX_VALUE;

    private static final long MAX_TENTH = Long.MAX_VALUE / 10;

    private BannerId() {}

    /// Parses the part of `path` that begins at `start`. Returns [#INVALID] if it is not a banner id.
    ///
    /// **Cost**: no allocation.
    public static long parse(String path, int start) {
        long id = 0;
        for (int at = start; at < path.length() && id != INVALID; at++) {
            id = append(id, path.charAt(at));
        }
        return id == 0 ? INVALID : id;
    }

    /// Appends a digit to the number that was read so far, which begins with 0. Returns [#INVALID] if the
    /// character is no digit, or if the number becomes too large.
    public static long append(long id, int character) {
        int digit = character - '0';
        if (digit < 0 || digit > 9 || id > MAX_TENTH) {
            return INVALID;
        }
        long longer = id * 10 + digit;
        return longer < 0 ? INVALID : longer;
    }

    public static Problem problem(String text) {
        return new Problem(
                Status.BAD_REQUEST_400,
                "The banner id %s is not a whole number from 1 to %d.".formatted(Problem.quote(text), Long.MAX_VALUE));
    }
}
