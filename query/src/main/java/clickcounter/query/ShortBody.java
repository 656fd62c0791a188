package clickcounter.query;

import clickcounter.query.content.EntityTag;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/// A body that is short enough to be made before it is sent: it goes out in one piece and with its length, and its
/// [EntityTag] does not cost making it twice.
///
/// **Threads**: one.
final class ShortBody extends OutputStream {
    /// A day by minutes takes some 60 KB.
    static final int MAX_BYTES = 128 << 10;

    private static final int FIRST_BYTES = 16 << 10;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(FIRST_BYTES);

    private ShortBody() {}

    /// There is more than fits in.
    private static final class TooLong extends IOException {
        private static final long serialVersionUID = 1;
    }

    /// Null when the content is longer than [#MAX_BYTES].
    static byte @Nullable [] of(EntityTag.Content content) {
        var body = new ShortBody();
        try {
            content.write(body);
            return body.bytes.toByteArray();
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
        if (bytes.size() + length > MAX_BYTES) {
            throw new TooLong();
        }
        bytes.write(more, start, length);
    }
}
