package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;

/// The same request for statistics again and again. The answer must be a 200 with a body of at least a given
/// length.
///
/// **Threads**: that of the generator.
final class QuestionScript implements Script {
    private static final int MAX_ANSWER_BYTES = 4 << 20;
    private static final byte[] OK = "HTTP/1.1 200".getBytes(US_ASCII);
    private static final byte[] LENGTH = "\r\nContent-Length: ".getBytes(US_ASCII);
    private static final byte[] LAST_CHUNK = "\r\n0\r\n\r\n".getBytes(US_ASCII);
    private static final byte[] HEAD_END = "\r\n\r\n".getBytes(US_ASCII);

    private final byte[] request;
    private final int minBytes;

    /// @param path of the request
    /// @param question the JSON body of the request
    /// @param minBytes a shorter body would be the answer to another question
    QuestionScript(String path, String question, int minBytes) {
        this.request = """
                POST %s HTTP/1.1\r
                Host: localhost\r
                Content-Type: application/json\r
                Content-Length: %d\r
                \r
                %s""".formatted(path, question.length(), question).getBytes(US_ASCII);
        this.minBytes = minBytes;
    }

    @Override
    public ByteBuffer request() {
        return ByteBuffer.allocateDirect(request.length).put(request);
    }

    @Override
    public int next(ByteBuffer unchanged) {
        return 0;
    }

    @Override
    public int maxAnswerBytes() {
        return MAX_ANSWER_BYTES;
    }

    @Override
    public boolean isComplete(ByteBuffer answer) throws IOException {
        int headEnd = indexOf(HEAD_END, answer, 0, answer.position());
        if (headEnd < 0) {
            return false;
        }
        if (indexOf(OK, answer, 0, headEnd) != 0) {
            throw new IOException("The answer is not 200 but:%n%s".formatted(text(answer, answer.position())));
        }
        int bodyStart = headEnd + HEAD_END.length;
        int length = indexOf(LENGTH, answer, 0, headEnd);
        boolean isComplete = length < 0
                // A long answer comes in chunks.
                ? indexOf(
                                LAST_CHUNK,
                                answer,
                                Math.max(bodyStart, answer.position() - LAST_CHUNK.length),
                                answer.position())
                        >= 0
                : answer.position() == bodyStart + number(answer, length + LENGTH.length);
        if (isComplete && answer.position() - bodyStart < minBytes) {
            throw new IOException("The answer has %d bytes, which is less than %d; it begins:%n%s"
                    .formatted(answer.position() - bodyStart, minBytes, text(answer, bodyStart)));
        }
        return isComplete;
    }

    private static int number(ByteBuffer bytes, int start) {
        int number = 0;
        for (int at = start; bytes.get(at) >= '0' && bytes.get(at) <= '9'; at++) {
            number = number * 10 + bytes.get(at) - '0';
        }
        return number;
    }

    private static String text(ByteBuffer bytes, int end) {
        byte[] text = new byte[end];
        bytes.get(0, text);
        return new String(text, US_ASCII);
    }

    @Override
    public void answered(int subject) {}

    /// The first position in the range, or -1 if there is none.
    private static int indexOf(byte[] wanted, ByteBuffer bytes, int from, int to) {
        for (int start = from; start <= to - wanted.length; start++) {
            int at = 0;
            while (at < wanted.length && bytes.get(start + at) == wanted[at]) {
                at++;
            }
            if (at == wanted.length) {
                return start;
            }
        }
        return -1;
    }
}
