package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;

/// The same request for statistics again and again. The answer must be a 200 of at least a given length.
///
/// **Threads**: that of the generator.
final class QuestionScript extends Script {
    private static final int MAX_ANSWER_BYTES = 4 << 20;
    private static final int MAX_HEAD_BYTES = 512;
    private static final byte[] JSON_END = "]}".getBytes(US_ASCII);
    private static final byte[] LAST_CHUNK = "\r\n0\r\n\r\n".getBytes(US_ASCII);

    private final int minBytes;

    /// @param path of the request
    /// @param question the JSON body of the request
    /// @param minBytes a shorter answer would be the answer to another question
    QuestionScript(String path, String question, int minBytes) {
        super("""
                POST %s HTTP/1.1\r
                Host: localhost\r
                Content-Type: application/json\r
                Content-Length: %d\r
                \r
                %s""".formatted(path, question.length(), question), 200, MAX_ANSWER_BYTES);
        this.minBytes = minBytes;
    }

    /// A long answer comes in chunks. A short one has only the JSON, in which `]}` is nowhere but at its end.
    @Override
    boolean isAtEnd(ByteBuffer answer) throws IOException {
        boolean isAtEnd = endsWith(LAST_CHUNK, answer)
                || (endsWith(JSON_END, answer) && !text(answer, MAX_HEAD_BYTES).contains("chunked"));
        if (isAtEnd && answer.position() < minBytes) {
            throw new IOException(
                    "The answer has less than %d bytes:%n%s".formatted(minBytes, text(answer, answer.position())));
        }
        return isAtEnd;
    }
}
