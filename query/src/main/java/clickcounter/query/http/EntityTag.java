package clickcounter.query.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Tells one content from another: a hash of it for the header `ETag` (RFC 9110, 8.8.3).
///
/// @param hash in hexadecimal digits
/// @param length of the content in bytes
public record EntityTag(String hash, long length) {
    private static final int BYTES = 16;
    private static final String WEAK = "W/";

    /// Writes the content.
    @FunctionalInterface
    public interface Content {
        void write(OutputStream out) throws IOException;
    }

    /// Returns the tag of `content`.
    ///
    /// **Cost**: the content is written once and not kept, for it is better to make a large content twice than to
    /// hold it in memory.
    public static EntityTag of(Content content) {
        MessageDigest digest = sha256();
        var out = new CountingStream(digest);
        try {
            content.write(out);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return new EntityTag(HexFormat.of().formatHex(digest.digest(), 0, BYTES), out.count);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("Every Java has SHA-256.", impossible);
        }
    }

    /// Returns the value of the header.
    public String text() {
        return "\"" + hash + "\"";
    }

    /// Returns whether the client has this content, according to its header `If-None-Match`.
    public boolean isIn(Headers headers) {
        String text = text();
        return headers.values(HeaderNames.IF_NONE_MATCH).stream()
                .map(String::strip)
                .map(value -> value.startsWith(WEAK) ? value.substring(WEAK.length()) : value)
                .anyMatch(value -> value.equals(text) || value.equals("*"));
    }

    private static final class CountingStream extends DigestOutputStream {
        private long count;

        CountingStream(MessageDigest digest) {
            super(OutputStream.nullOutputStream(), digest);
        }

        @Override
        public void write(int one) throws IOException {
            super.write(one);
            count++;
        }

        @Override
        public void write(byte[] bytes, int start, int length) throws IOException {
            super.write(bytes, start, length);
            count += length;
        }
    }
}
