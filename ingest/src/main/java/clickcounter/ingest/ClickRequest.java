package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import clickcounter.shared.http.BannerId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Reads the head of a request that a [ClickLoop] answers by itself: `GET`, `POST` and `HEAD` of
/// `/v1/banners/counter/{bannerID}` and of the health check, without allocation.
///
/// It accepts a request only if it understands every byte of it. All other requests take the long way through
/// Helidon and [ClickFilter], which also find out what is wrong with them. So this class may be stricter than
/// HTTP, but must never be laxer, with two exceptions that cost no one a click: any visible character may be in
/// the query string, and HTTP/1.0 is understood.
///
/// **Threads**: one.
final class ClickRequest {
    /// Longer heads are not recognised.
    static final int MAX_BYTES = 16_384;

    /// What the bytes are.
    enum Kind {
        /// A click.
        CLICK,
        /// A `HEAD` of the address of a click, which counts nothing.
        PROBE,
        HEALTH_CHECK,
        /// They may become any of these.
        INCOMPLETE,
        /// A request for Helidon, or no request.
        OTHER
    }

    private static final byte[] GET = "GET ".getBytes(US_ASCII);
    private static final byte[] POST = "POST ".getBytes(US_ASCII);
    private static final byte[] HEAD = "HEAD ".getBytes(US_ASCII);
    private static final byte[] CLICK_PATH = "/v1/banners/counter/".getBytes(US_ASCII);
    private static final byte[] HEALTH_PATH = "/v1/healthcheck".getBytes(US_ASCII);
    private static final byte[] VERSION = "HTTP/1.".getBytes(US_ASCII);

    /// Longer ids begin with zeros.
    private static final int MAX_DIGITS = 19;

    private static final int MAX_PORT_DIGITS = 5;

    private static final byte[] HOST = "host".getBytes(US_ASCII);
    private static final byte[] ORIGIN = "origin".getBytes(US_ASCII);
    private static final byte[] CONNECTION = "connection".getBytes(US_ASCII);
    private static final byte[] KEEP_ALIVE = "keep-alive".getBytes(US_ASCII);
    private static final byte[] CLOSE = "close".getBytes(US_ASCII);
    private static final byte[] CONTENT_LENGTH = "content-length".getBytes(US_ASCII);

    /// Headers that change how the request is read or answered.
    private static final byte[][] NOT_UNDERSTOOD = {
        "expect".getBytes(US_ASCII),
        "te".getBytes(US_ASCII),
        "trailer".getBytes(US_ASCII),
        "transfer-encoding".getBytes(US_ASCII),
        "upgrade".getBytes(US_ASCII)
    };

    private static final long NO_LENGTH = -1;

    private static final byte DELETE = 0x7f;

    private static final VarHandle EIGHT = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /// A one in each of eight bytes.
    private static final long EACH = 0x0101010101010101L;

    private static final long HIGHEST_BITS = 0x8080808080808080L;

    private static final boolean[] IS_TOKEN = lettersDigitsAnd("!#$%&'*+-.^_`|~");
    private static final boolean[] IS_HOST = lettersDigitsAnd("-.");

    private final long maxBodyBytes;

    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private int start;
    private int end;
    private int at;
    private long bannerId;
    private long contentLength;
    private boolean isHead;
    private boolean hasHost;
    private final Origin origin = new Origin();
    private boolean closes;

    /// Whether the version is HTTP/1.0: the client need not name the host, and the connection is closed.
    private boolean isOldVersion;

    /// @param maxBodyBytes a request with a longer body is not recognised
    ClickRequest(long maxBodyBytes) {
        this.maxBodyBytes = maxBodyBytes;
    }

    /// Returns what the bytes from the buffer's position begin with. Does not change the buffer.
    Kind read(ByteBuffer received) {
        bytes = received;
        start = received.position();
        end = start + Math.min(received.remaining(), MAX_BYTES);
        at = start;
        contentLength = NO_LENGTH;
        hasHost = false;
        origin.clear();
        closes = false;
        isOldVersion = false;
        bannerId = 0;
        Kind kind = readMethod() ? readPath() : Kind.OTHER;
        if (kind != Kind.OTHER && readQuery() && readVersion() && readHeaders()) {
            return hasHost || isOldVersion ? kind : Kind.OTHER;
        }
        // Whatever ends with the buffer may go on in the next one.
        return at >= end && received.remaining() < MAX_BYTES ? Kind.INCOMPLETE : Kind.OTHER;
    }

    /// Whether Helidon can say at once what is wrong with these bytes, or can answer them: the head is whole, too long,
    /// or none. A head that is arriving waits in the loop, which limits its time.
    static boolean isWorthRelaying(ByteBuffer received) {
        return received.remaining() >= MAX_BYTES
                || !is(IS_TOKEN, received.get(received.position()))
                || hasEmptyLine(received);
    }

    /// Whether a head ends in these bytes.
    static boolean hasEmptyLine(ByteBuffer received) {
        int from = received.position();
        for (int index = from + 1; index < received.limit(); index++) {
            if (received.get(index) == '\n'
                    && (received.get(index - 1) == '\n'
                            || (received.get(index - 1) == '\r' && received.get(Math.max(from, index - 2)) == '\n'))) {
                return true;
            }
        }
        return false;
    }

    long bannerId() {
        return bannerId;
    }

    /// The length of the head.
    int byteCount() {
        return at - start;
    }

    /// The length of the body, which follows the head.
    long bodyBytes() {
        return Math.max(0, contentLength);
    }

    /// Whether the answer has no body, even if another request's answer would.
    boolean isHead() {
        return isHead;
    }

    /// The site whose page it is from, until the next call of [#read].
    Origin origin() {
        return origin;
    }

    /// Whether the client wants the connection to be closed after the answer.
    boolean closes() {
        return closes;
    }

    private boolean readMethod() {
        int first = at < end ? bytes.get(at) : 0;
        isHead = first == 'H';
        return switch (first) {
            case 'G' -> skip(GET);
            case 'P' -> skip(POST);
            case 'H' -> skip(HEAD);
            default -> false;
        };
    }

    private Kind readPath() {
        int pathStart = at;
        if (skip(CLICK_PATH)) {
            return readBannerId() ? (isHead ? Kind.PROBE : Kind.CLICK) : Kind.OTHER;
        }
        if (at < end) {
            at = pathStart;
            return skip(HEALTH_PATH) && bytes.get(start) != 'P' ? Kind.HEALTH_CHECK : Kind.OTHER;
        }
        return Kind.OTHER;
    }

    private boolean readBannerId() {
        int idStart = at;
        long id = 0;
        while (at < end && bytes.get(at) != ' ' && bytes.get(at) != '?') {
            id = BannerId.append(id, bytes.get(at));
            if (id == BannerId.INVALID) {
                return false;
            }
            at++;
        }
        bannerId = id;
        return id > 0 && at - idStart <= MAX_DIGITS;
    }

    /// Reads to the space behind the target. Ad tags send characters that a URI should not contain.
    private boolean readQuery() {
        if (at < end && bytes.get(at) == '?') {
            at++;
            skipAbove(' ');
        }
        return skipOne(' ');
    }

    private boolean readVersion() {
        if (!skip(VERSION) || at == end) {
            return false;
        }
        if (bytes.get(at) == '0') {
            isOldVersion = true;
            closes = true;
        } else if (bytes.get(at) != '1') {
            return false;
        }
        at++;
        return skipNewLine();
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
        if (nameEnd == nameStart || !skipOne(':')) {
            return false;
        }
        while (at < end && bytes.get(at) == ' ') {
            at++;
        }
        int valueStart = at;
        skipAbove(' ' - 1);
        while (at < end && bytes.get(at) == '\t') {
            at++;
            skipAbove(' ' - 1);
        }
        // The value is complete only if the line is.
        int valueEnd = at;
        if (!skipNewLine()) {
            return false;
        }
        if (isHarmless(nameStart, nameEnd, valueStart, valueEnd)) {
            return true;
        }
        at = nameStart;
        return false;
    }

    private boolean isHarmless(int nameStart, int nameEnd, int valueStart, int valueEnd) {
        if (isText(HOST, nameStart, nameEnd)) {
            boolean isFirst = !hasHost;
            hasHost = true;
            return isFirst && isHost(valueStart, valueEnd);
        }
        if (isText(CONNECTION, nameStart, nameEnd)) {
            boolean isClose = isText(CLOSE, valueStart, valueEnd);
            closes |= isClose;
            return isClose || isText(KEEP_ALIVE, valueStart, valueEnd);
        }
        if (isText(CONTENT_LENGTH, nameStart, nameEnd)) {
            return readContentLength(valueStart, valueEnd);
        }
        if (isText(ORIGIN, nameStart, nameEnd)) {
            origin.set(bytes, valueStart, valueEnd);
            return true;
        }
        for (byte[] name : NOT_UNDERSTOOD) {
            if (isText(name, nameStart, nameEnd)) {
                return false;
            }
        }
        return true;
    }

    private boolean readContentLength(int valueStart, int valueEnd) {
        if (contentLength != NO_LENGTH || valueStart == valueEnd) {
            return false;
        }
        contentLength = 0;
        for (int index = valueStart; index < valueEnd; index++) {
            if (!isDigit(bytes.get(index))) {
                return false;
            }
            contentLength = contentLength * 10 + bytes.get(index) - '0';
            if (contentLength > maxBodyBytes) {
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
        for (byte character : expected) {
            if (!skipOne(character)) {
                return false;
            }
        }
        return true;
    }

    /// Skips the characters above one of ASCII's first, except the delete character, and all that are not ASCII.
    /// Most bytes of a browser's request are in the values of its headers, so eight of them are read at once.
    private void skipAbove(int low) {
        while (at + Long.BYTES <= end) {
            // The lowest bit that is set belongs to the first byte that is too low or the delete character.
            long eight = (long) EIGHT.get(bytes, at);
            long deletes = eight ^ EACH * DELETE;
            long tooLow = (eight - EACH * (low + 1)) & ~eight;
            long isDelete = (deletes - EACH) & ~deletes;
            long stops = (tooLow | isDelete) & HIGHEST_BITS;
            if (stops != 0) {
                at += Long.numberOfTrailingZeros(stops) / Byte.SIZE;
                return;
            }
            at += Long.BYTES;
        }
        while (at < end && isAbove(low, bytes.get(at))) {
            at++;
        }
    }

    private static boolean isAbove(int low, int character) {
        return (character > low && character != DELETE) || character < 0;
    }

    private boolean skipOne(int expected) {
        if (at < end && bytes.get(at) == expected) {
            at++;
            return true;
        }
        return false;
    }

    private boolean skipNewLine() {
        return skipOne('\r') && skipOne('\n');
    }

    private static boolean isDigit(int character) {
        return character >= '0' && character <= '9';
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
