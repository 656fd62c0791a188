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
    static final int MAX_BYTES = 640 + Origin.MAX_BYTES;

    private static final String CLOSE = "Connection: close\r\n";

    /// Lets a page of any site see that its click was counted, or not. The origin stands between the two.
    private static final byte[] ALLOW_ORIGIN =
            "Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Origin: ".getBytes(US_ASCII);

    private static final byte[] END = "\r\n\r\n".getBytes(US_ASCII);

    private String date = "";
    private byte[] dateBytes = {};

    /// The answer to a click up to the headers of its own.
    private byte[] noContent = {};

    /// The same if the connection is closed behind it.
    private byte[] lastNoContent = {};

    void noContent(ByteBuffer out, Origin origin, boolean closes) {
        prepare();
        out.put(closes ? lastNoContent : noContent);
        end(out, origin);
    }

    void healthy(ByteBuffer out, boolean isHead, boolean closes) {
        write(out, "200 OK", "application/json", HealthCheck.body(), isHead, Origin.NONE, closes ? CLOSE : "");
    }

    /// Answers that the request was not carried out.
    void refused(ByteBuffer out, String reason, boolean isHead, Origin origin, boolean closes) {
        var problem = new Problem(Status.SERVICE_UNAVAILABLE_503, reason);
        String more = "Retry-After: 1\r\n" + (closes ? CLOSE : "");
        write(out, "503 Service Unavailable", "application/problem+json", problem.bytes(), isHead, origin, more);
    }

    private void write(
            ByteBuffer out, String status, String type, byte[] body, boolean isHead, Origin origin, String more) {
        prepare();
        out.put("""
                HTTP/1.1 %s\r
                Date: %sContent-Type: %s\r
                Cache-Control: no-store\r
                %sContent-Length: %d\r
                """.formatted(status, date, type, more, body.length).getBytes(US_ASCII));
        end(out, origin);
        if (!isHead) {
            out.put(body);
        }
    }

    /// Ends a head.
    private static void end(ByteBuffer out, Origin origin) {
        if (origin.isEmpty()) {
            out.put(END, 2, 2);
        } else {
            out.put(ALLOW_ORIGIN);
            origin.writeTo(out);
            out.put(END);
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
        String answer = "HTTP/1.1 204 No Content\r\nDate: %sCache-Control: no-store\r\n".formatted(date);
        noContent = answer.getBytes(US_ASCII);
        lastNoContent = (answer + CLOSE).getBytes(US_ASCII);
    }
}
