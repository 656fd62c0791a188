package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// Clicks on banners that are all equally likely. It counts the 204s of each banner; any other answer ends the
/// measurement.
///
/// **Threads**: that of the generator; others when it has ended.
final class ClickScript implements Script {
    /// All ids have the same number of digits, so that a request can be changed in place.
    static final long FIRST_BANNER = 1_000_000;

    static final int MAX_BANNERS = 1_000_000;

    private static final byte[] PATH = "GET /v1/banners/counter/".getBytes(US_ASCII);
    private static final byte[] REST = " HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII);
    private static final int ID_DIGITS = Long.toString(FIRST_BANNER).length();
    private static final byte[] NO_CONTENT = "HTTP/1.1 204".getBytes(US_ASCII);
    private static final int MAX_ANSWER_BYTES = 2_048;

    private final SplittableRandom random = new SplittableRandom(1);
    private final long[] acknowledged;

    /// @param banners the number of different banners
    ClickScript(int banners) {
        if (banners < 1 || banners > MAX_BANNERS) {
            throw new IllegalArgumentException(
                    "There are %d banners; it must be 1 to %d.".formatted(banners, MAX_BANNERS));
        }
        acknowledged = new long[banners];
    }

    /// Adds the clicks that were answered 204 to a sum; the banners of both begin with [#FIRST_BANNER].
    void addTo(long[] sum) {
        for (int banner = 0; banner < acknowledged.length; banner++) {
            sum[banner] += acknowledged[banner];
        }
    }

    @Override
    public ByteBuffer request() {
        return ByteBuffer.allocateDirect(PATH.length + ID_DIGITS + REST.length)
                .put(PATH)
                .position(PATH.length + ID_DIGITS)
                .put(REST);
    }

    @Override
    public int next(ByteBuffer request) {
        int banner = random.nextInt(acknowledged.length);
        long id = FIRST_BANNER + banner;
        for (int at = PATH.length + ID_DIGITS - 1; at >= PATH.length; at--) {
            request.put(at, (byte) ('0' + id % 10));
            id /= 10;
        }
        return banner;
    }

    @Override
    public int maxAnswerBytes() {
        return MAX_ANSWER_BYTES;
    }

    /// An answer without a body ends with an empty line.
    @Override
    public boolean isComplete(ByteBuffer answer) throws IOException {
        int end = answer.position();
        boolean isComplete = end >= 4
                && answer.get(end - 4) == '\r'
                && answer.get(end - 3) == '\n'
                && answer.get(end - 2) == '\r'
                && answer.get(end - 1) == '\n';
        for (int at = 0; isComplete && at < NO_CONTENT.length; at++) {
            if (answer.get(at) != NO_CONTENT[at]) {
                byte[] text = new byte[end];
                answer.get(0, text);
                throw new IOException("The answer is not 204 but:\n" + new String(text, US_ASCII));
            }
        }
        return isComplete;
    }

    @Override
    public void answered(int banner) {
        acknowledged[banner]++;
    }
}
