package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import clickcounter.shared.http.HealthCheck;
import clickcounter.shared.http.Problem;
import io.helidon.http.DateTime;
import io.helidon.http.Status;
import java.nio.ByteBuffer;

/// Writes the answers that a [ClickLoop] gives.
///
/// **Threads**: one.
///
/// **Cost**: the answers to clicks are made once a second; to write one copies some hundred bytes.
final class Answers {
    /// No answer is longer.
    static final int MAX_BYTES = 640;

    private static final String CLOSE = "Connection: close\r\n";

    /// Lets a page of any site see that its click was counted, or not.
    private static final String ANY_ORIGIN = "Access-Control-Allow-Origin: *\r\n";

    private String date = "";
    private byte[] dateBytes = {};

    /// The answers to a click, at the index that [#variant] returns.
    private final byte[][] noContent = new byte[4][];

    void noContent(ByteBuffer out, boolean hasOrigin, boolean closes) {
        prepare();
        out.put(noContent[variant(hasOrigin, closes)]);
    }

    void healthy(ByteBuffer out, boolean isHead, boolean closes) {
        write(out, "200 OK", "application/json", HealthCheck.body(), isHead, closes ? CLOSE : "");
    }

    /// Answers that the request was not carried out.
    void refused(ByteBuffer out, String reason, boolean isHead, boolean hasOrigin, boolean closes) {
        var problem = new Problem(Status.SERVICE_UNAVAILABLE_503, reason);
        String more = "Retry-After: 1\r\n" + (hasOrigin ? ANY_ORIGIN : "") + (closes ? CLOSE : "");
        write(out, "503 Service Unavailable", "application/problem+json", problem.bytes(), isHead, more);
    }

    private void write(ByteBuffer out, String status, String type, byte[] body, boolean isHead, String more) {
        prepare();
        out.put("""
                HTTP/1.1 %s\r
                Date: %sContent-Type: %s\r
                Cache-Control: no-store\r
                Content-Length: %d\r
                %s\r
                """.formatted(status, date, type, body.length, more).getBytes(US_ASCII));
        if (!isHead) {
            out.put(body);
        }
    }

    @SuppressWarnings("ReferenceEquality") // the same array means the same second; another array may hold the same text
    private void prepare() {
        byte[] now = DateTime.http1Bytes(); // with the end of its line
        if (dateBytes == now) {
            return;
        }
        dateBytes = now;
        date = new String(now, US_ASCII);
        for (int variant = 0; variant < noContent.length; variant++) {
            String more = ((variant & 1) != 0 ? ANY_ORIGIN : "") + ((variant & 2) != 0 ? CLOSE : "");
            noContent[variant] = "HTTP/1.1 204 No Content\r\nDate: %sCache-Control: no-store\r\n%s\r\n"
                    .formatted(date, more)
                    .getBytes(US_ASCII);
        }
    }

    private static int variant(boolean hasOrigin, boolean closes) {
        return (hasOrigin ? 1 : 0) + (closes ? 2 : 0);
    }
}
