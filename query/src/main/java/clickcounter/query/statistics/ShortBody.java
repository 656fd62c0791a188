package clickcounter.query.statistics;

import clickcounter.query.http.EntityTag;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A body that is short enough to be made before it is sent. It is sent in one piece, with its length, and is made only
/// once even though its [EntityTag] comes first.
///
/// **Threads**: one.
final class ShortBody extends OutputStream implements EntityTag.Content {
    static final int MAX_BYTES = 128 << 10;

    /// One day by minute takes about 55 KB.
    private static final int FIRST_BYTES = 64 << 10;

    private byte[] bytes = new byte[FIRST_BYTES];
    private int size;

    private ShortBody() {}

    private static final class TooLong extends IOException {
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
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] more, int start, int length) throws IOException {
        if (size + length > MAX_BYTES) {
            throw new TooLong();
        }
        if (size + length > bytes.length) {
            bytes = Arrays.copyOf(bytes, MAX_BYTES);
        }
        System.arraycopy(more, start, bytes, size, length);
        size += length;
    }

    @Override
    public void write(OutputStream out) throws IOException {
        out.write(bytes, 0, size);
    }

    void send(ServerResponse response) {
        response.send(bytes, 0, size);
    }
}
