package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import clickcounter.shared.http.BannerId;
import java.nio.ByteBuffer;

/// Recognises a plain click, which nearly all requests are: a complete `GET /v1/banners/counter/{bannerID}` that
/// has no body and keeps the connection open. It does so byte by byte and without allocation.
///
/// It accepts a request only if it understands every byte of it. All other requests take the long way through
/// Helidon and [ClickFilter], which also find out what is wrong with them. So this class may be stricter than
/// HTTP, but must never be laxer.
///
/// **Threads**: one.
final class ClickRequest {
    /// Longer requests are not recognised.
    static final int MAX_BYTES = 8_192;

    private static final byte[] START = "GET /v1/banners/counter/".getBytes(US_ASCII);
    private static final byte[] VERSION = " HTTP/1.1\r\n".getBytes(US_ASCII);

    /// Longer ids begin with zeros. Helidon answers them, because it limits the length of the first line.
    private static final int MAX_DIGITS = 19;

    private static final int MAX_PORT_DIGITS = 5;

    private static final byte[] HOST = "host".getBytes(US_ASCII);
    private static final byte[] CONNECTION = "connection".getBytes(US_ASCII);
    private static final byte[] KEEP_ALIVE = "keep-alive".getBytes(US_ASCII);

    /// Headers that change how the request is read or answered.
    private static final byte[][] NOT_UNDERSTOOD = {
        "content-length".getBytes(US_ASCII),
        "expect".getBytes(US_ASCII),
        "te".getBytes(US_ASCII),
        "trailer".getBytes(US_ASCII),
        "transfer-encoding".getBytes(US_ASCII),
        "upgrade".getBytes(US_ASCII)
    };

    private static final boolean[] IS_TOKEN = lettersDigitsAnd("!#$%&'*+-.^_`|~");
    private static final boolean[] IS_HOST = lettersDigitsAnd("-.");

    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private int start;
    private int end;
    private int at;
    private long bannerId;
    private boolean hasHost;

    /// Whether the bytes from the buffer's position begin with a plain click. Does not change the buffer.
    boolean read(ByteBuffer received) {
        bytes = received;
        start = received.position();
        end = start + Math.min(received.remaining(), MAX_BYTES);
        at = start;
        hasHost = false;
        return skip(START) && readBannerId() && skip(VERSION) && readHeaders() && hasHost;
    }

    long bannerId() {
        return bannerId;
    }

    int byteCount() {
        return at - start;
    }

    private boolean readBannerId() {
        int idStart = at;
        long id = 0;
        while (at < end && bytes.get(at) != ' ' && id != BannerId.INVALID) {
            id = BannerId.append(id, bytes.get(at));
            at++;
        }
        bannerId = id;
        return id > 0 && at - idStart <= MAX_DIGITS;
    }

    private boolean readHeaders() {
        while (at < end && bytes.get(at) != '\r') {
            if (!readHeader()) {
                return false;
            }
        }
        return skipNewLine();
    }

    private boolean readHeader() {
        int nameStart = at;
        while (at < end && is(IS_TOKEN, bytes.get(at))) {
            at++;
        }
        int nameEnd = at;
        if (nameEnd == nameStart || at == end || bytes.get(at) != ':') {
            return false;
        }
        at++;
        while (at < end && bytes.get(at) == ' ') {
            at++;
        }
        int valueStart = at;
        while (at < end && isValue(bytes.get(at))) {
            at++;
        }
        return isHarmless(nameStart, nameEnd, valueStart, at) && skipNewLine();
    }

    private boolean isHarmless(int nameStart, int nameEnd, int valueStart, int valueEnd) {
        if (isText(HOST, nameStart, nameEnd)) {
            boolean isFirst = !hasHost;
            hasHost = true;
            return isFirst && isHost(valueStart, valueEnd);
        }
        if (isText(CONNECTION, nameStart, nameEnd)) {
            return isText(KEEP_ALIVE, valueStart, valueEnd);
        }
        for (byte[] name : NOT_UNDERSTOOD) {
            if (isText(name, nameStart, nameEnd)) {
                return false;
            }
        }
        return true;
    }

    /// Whether the bytes are a host name or an IPv4 address, with or without a port.
    private boolean isHost(int hostStart, int hostEnd) {
        int index = hostStart;
        while (index < hostEnd && is(IS_HOST, bytes.get(index))) {
            index++;
        }
        int nameEnd = index;
        if (index < hostEnd && bytes.get(index) == ':') {
            do {
                index++;
            } while (index < hostEnd && isDigit(bytes.get(index)));
        }
        int portLength = index - nameEnd - 1;
        return nameEnd > hostStart && index == hostEnd && portLength != 0 && portLength <= MAX_PORT_DIGITS;
    }

    private boolean isText(byte[] lowerCase, int textStart, int textEnd) {
        if (textEnd - textStart != lowerCase.length) {
            return false;
        }
        for (int index = 0; index < lowerCase.length; index++) {
            int character = bytes.get(textStart + index);
            if (character >= 'A' && character <= 'Z') {
                character += 'a' - 'A';
            }
            if (character != lowerCase[index]) {
                return false;
            }
        }
        return true;
    }

    private boolean skip(byte[] expected) {
        if (end - at < expected.length) {
            return false;
        }
        for (byte character : expected) {
            if (bytes.get(at) != character) {
                return false;
            }
            at++;
        }
        return true;
    }

    private boolean skipNewLine() {
        boolean isNewLine = end - at >= 2 && bytes.get(at) == '\r' && bytes.get(at + 1) == '\n';
        at += 2;
        return isNewLine;
    }

    private static boolean isDigit(int character) {
        return character >= '0' && character <= '9';
    }

    /// Whether the character is printable ASCII or a tab.
    private static boolean isValue(int character) {
        return (character >= ' ' && character < 0x7f) || character == '\t';
    }

    private static boolean is(boolean[] characters, int character) {
        return character >= 0 && character < characters.length && characters[character];
    }

    private static boolean[] lettersDigitsAnd(String others) {
        var characters = new boolean[0x80];
        for (int character = 0; character < characters.length; character++) {
            characters[character] = Character.isLetterOrDigit(character) || others.indexOf(character) >= 0;
        }
        return characters;
    }
}
