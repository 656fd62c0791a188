package clickcounter.query.statistics;

import clickcounter.query.http.EntityTag;
import clickcounter.query.http.EntityTag.Content;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/// The bytes of an answer, for all who share it. A short body is made once. A long one is made for each of them while
/// it is sent, because it is better to make it again than to hold it in memory, but its tag is made once.
///
/// **Threads**: any.
final class SharedBody {
    private final Content content;
    private final @Nullable ShortBody whole;
    private @Nullable EntityTag tag; // guarded by this

    /// @param turns for long bodies
    SharedBody(Content content, Turns turns) {
        whole = ShortBody.of(content);
        this.content = whole == null ? out -> turns.write(content, out) : whole;
    }

    /// Returns the whole body if it is short, otherwise null.
    @Nullable
    ShortBody whole() {
        return whole;
    }

    void write(OutputStream out) throws IOException {
        content.write(out);
    }

    synchronized EntityTag tag() {
        if (tag == null) {
            tag = EntityTag.of(content);
        }
        return tag;
    }
}
