package clickcounter.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;

/// What the connections of a [LoadGenerator] ask, and what an answer must be.
///
/// **Threads**: that of the generator.
interface Script {
    /// A request for one connection; [#next] changes it in place.
    ByteBuffer request();

    /// Makes the next request of it. Returns what is asked about, for [#answered].
    int next(ByteBuffer request);

    /// How many bytes an answer has at most.
    int maxAnswerBytes();

    /// Whether the answer has arrived to its end.
    ///
    /// **Errors**: [IOException] when it is another one than it must be.
    boolean isComplete(ByteBuffer answer) throws IOException;

    /// An answer has arrived.
    ///
    /// @param subject what [#next] has returned
    void answered(int subject);
}
