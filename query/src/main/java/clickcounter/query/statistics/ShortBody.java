package clickcounter.query.statistics;

import clickcounter.query.http.EntityTag;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/// A body that is short enough to be made before it is sent. It is sent in one piece, with its length, and is
/// made only once even though its [EntityTag] comes first.
///
/// **Threads**: one.
final class ShortBody extends ByteArrayOutputStream implements EntityTag.Content {
    static final int MAX_BYTES = 128 << 10;

    /// One day by minute takes about 55 KB.
    private static final int FIRST_BYTES = 64 << 10;

    private ShortBody() {
        super(FIRST_BYTES);
    }

    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /// Returns null if the content is longer than [#MAX_BYTES].
    static @Nullable ShortBody of(EntityTag.Content content) {
        var body = new ShortBody();
        try {
            content.write(body);
            return body;
        } catch (TooLong streamIt) {
            return null;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    @Override
    public synchronized void write(byte[] more, int start, int length) {
        if (count + length > MAX_BYTES) {
            throw new TooLong();
        }
        super.write(more, start, length);
    }

    @Override
    public void write(OutputStream out) throws IOException {
        writeTo(out);
    }

    void send(ServerResponse response) {
        response.send(buf, 0, count);
    }
}
