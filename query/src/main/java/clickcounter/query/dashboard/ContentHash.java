package clickcounter.query.dashboard;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/// Names content: the same bytes have the same name, others another one.
final class ContentHash {
    private static final int LENGTH = 16;

    private ContentHash() {}

    /// 16 characters that may stand in a URL; 96 bits of SHA-256.
    static String of(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return Base64.getUrlEncoder().encodeToString(digest).substring(0, LENGTH);
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new IllegalStateException(everyJavaHasIt);
        }
    }
}
