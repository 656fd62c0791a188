package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;

/// What the connections of a [LoadGenerator] send, and what an answer must be.
///
/// **Threads**: that of the generator.
abstract class Script {
    private final byte[] request;
    private final byte[] statusLine;
    private final int maxAnswerBytes;

    /// @param request the first request of each connection
    /// @param status that every answer must have
    Script(String request, int status, int maxAnswerBytes) {
        this.request = request.getBytes(US_ASCII);
        this.statusLine = ("HTTP/1.1 " + status).getBytes(US_ASCII);
        this.maxAnswerBytes = maxAnswerBytes;
    }

    /// A request for one connection; [#next] changes it in place.
    final ByteBuffer newRequest() {
        return ByteBuffer.allocateDirect(request.length).put(request);
    }

    /// Turns the buffer into the next request; returns the request's subject for [#answered].
    int next(ByteBuffer buffer) {
        return 0;
    }

    final ByteBuffer newAnswer() {
        return ByteBuffer.allocateDirect(maxAnswerBytes);
    }

    /// Whether the answer has arrived completely.
    ///
    /// **Errors**: [IOException] when the answer is wrong.
    final boolean isComplete(ByteBuffer answer) throws IOException {
        if (answer.position() >= statusLine.length && !has(statusLine, answer, 0)) {
            throw new IOException("The answer does not begin with %s but is:%n%s"
                    .formatted(new String(statusLine, US_ASCII), text(answer, answer.position())));
        }
        return isAtEnd(answer);
    }

    /// Whether the answer, whose status is right, has arrived completely.
    abstract boolean isAtEnd(ByteBuffer answer) throws IOException;

    /// Is called when an answer has arrived.
    ///
    /// @param subject what [#next] has returned
    void answered(int subject) {}

    static boolean endsWith(byte[] end, ByteBuffer answer) {
        return answer.position() >= end.length && has(end, answer, answer.position() - end.length);
    }

    private static boolean has(byte[] wanted, ByteBuffer answer, int start) {
        for (int at = 0; at < wanted.length; at++) {
            if (answer.get(start + at) != wanted[at]) {
                return false;
            }
        }
        return true;
    }

    /// The beginning of the answer.
    static String text(ByteBuffer answer, int maxBytes) {
        byte[] text = new byte[Math.min(maxBytes, answer.position())];
        answer.get(0, text);
        return new String(text, US_ASCII);
    }
}
