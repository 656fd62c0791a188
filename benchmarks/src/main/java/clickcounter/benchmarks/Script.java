package clickcounter.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;

/// What the connections of a [LoadGenerator] send, and what an answer must be.
///
/// **Threads**: that of the generator.
interface Script {
    /// A request for one connection; [#next] changes it in place.
    ByteBuffer request();

    /// Turns the buffer into the next request; returns the request's subject for [#answered].
    int next(ByteBuffer request);

    /// The maximum length of an answer.
    int maxAnswerBytes();

    /// Whether the answer has arrived completely.
    ///
    /// **Errors**: [IOException] when the answer is wrong.
    boolean isComplete(ByteBuffer answer) throws IOException;

    /// Is called when an answer has arrived.
    ///
    /// @param subject what [#next] has returned
    void answered(int subject);
}
