package clickcounter.shared.log;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.wire.BinaryWireCode;
import net.openhft.chronicle.wire.ValueIn;
import net.openhft.chronicle.wire.Wire;

/// A click in the log: `bannerId`, a positive 64-bit number, and `ts`, milliseconds since 1970 in UTC.
///
/// The record describes itself (Chronicle's binary wire format with field names), so Chronicle's own tools can
/// print it, and fields can be added. Both numbers are always written with eight bytes: the writer fills two gaps
/// in a fixed pattern; the reader recognises the pattern and reads the numbers at their offsets, which costs a
/// quarter of parsing the fields. A record of any other shape is parsed field by field.
final class ClickRecord {
    private static final String BANNER_ID = "bannerId";
    private static final String TIMESTAMP = "ts";

    private static final byte[] PATTERN = pattern();
    private static final int BANNER_ID_OFFSET = 1 + BANNER_ID.length() + 1;
    private static final int TIMESTAMP_OFFSET = BANNER_ID_OFFSET + Long.BYTES + 1 + TIMESTAMP.length() + 1;
    static final int LENGTH = TIMESTAMP_OFFSET + Long.BYTES;

    /// The first eight of the ten bytes before the banner id.
    private static final long BANNER_HEAD = Bytes.wrapForRead(PATTERN).readLong(0);

    /// The last two of the ten bytes before the banner id.
    private static final short BANNER_HEAD_END = Bytes.wrapForRead(PATTERN).readShort(Long.BYTES);

    /// The four bytes before the timestamp.
    private static final int TIMESTAMP_HEAD = Bytes.wrapForRead(PATTERN).readInt(BANNER_ID_OFFSET + Long.BYTES);

    /// A time after the year 9999 is taken for damage.
    private static final long MAX_TIMESTAMP_MS =
            Instant.parse("9999-12-31T23:59:59.999Z").toEpochMilli();

    private long bannerId;
    private long timestampMs;

    /// Allocates a buffer for [#fill], which can be reused for every click.
    static Bytes<?> newBuffer() {
        Bytes<?> buffer = Bytes.allocateDirect(LENGTH);
        buffer.write(PATTERN);
        return buffer;
    }

    static void fill(Bytes<?> buffer, long bannerId, long timestampMs) {
        buffer.writeLong(BANNER_ID_OFFSET, bannerId);
        buffer.writeLong(TIMESTAMP_OFFSET, timestampMs);
        buffer.readPositionRemaining(0, LENGTH);
    }

    /// Reads the record at the position of `wire`. Returns whether it is a click.
    boolean read(Wire wire) {
        Bytes<?> bytes = wire.bytes();
        long start = bytes.readPosition();
        if (bytes.readRemaining() >= LENGTH
                && bytes.readLong(start) == BANNER_HEAD
                && bytes.readShort(start + Long.BYTES) == BANNER_HEAD_END
                && bytes.readInt(start + BANNER_ID_OFFSET + Long.BYTES) == TIMESTAMP_HEAD) {
            bannerId = bytes.readLong(start + BANNER_ID_OFFSET);
            timestampMs = bytes.readLong(start + TIMESTAMP_OFFSET);
        } else if (!parse(wire)) {
            return false;
        }
        return bannerId > 0 && timestampMs > 0 && timestampMs <= MAX_TIMESTAMP_MS;
    }

    long bannerId() {
        return bannerId;
    }

    long timestampMs() {
        return timestampMs;
    }

    /// Parses the fields by name, in any order and of any width, and ignores unknown ones. Both names must be
    /// present: asked for a field by its name, Chronicle would return the next number of a record that has no
    /// names at all. Bytes that are not wire format make Chronicle throw all kinds of exceptions; they all mean
    /// "not a click".
    private boolean parse(Wire wire) {
        try {
            var name = new StringBuilder();
            boolean hasBannerId = false;
            boolean hasTimestamp = false;
            while (wire.hasMore()) {
                long start = wire.bytes().readPosition();
                ValueIn value = wire.read(name);
                if (BANNER_ID.contentEquals(name)) {
                    bannerId = value.int64();
                    hasBannerId = true;
                } else if (TIMESTAMP.contentEquals(name)) {
                    timestampMs = value.int64();
                    hasTimestamp = true;
                } else {
                    value.skipValue();
                }
                if (wire.bytes().readPosition() == start) {
                    return false;
                }
            }
            return hasBannerId && hasTimestamp;
        } catch (RuntimeException notAClick) {
            return false;
        }
    }

    private static byte[] pattern() {
        Bytes<?> bytes = Bytes.allocateElasticOnHeap(32);
        for (String field : new String[] {BANNER_ID, TIMESTAMP}) {
            bytes.writeUnsignedByte(BinaryWireCode.FIELD_NAME0 + field.length());
            bytes.write(field.getBytes(StandardCharsets.US_ASCII));
            bytes.writeUnsignedByte(BinaryWireCode.INT64);
            bytes.writeLong(0);
        }
        return bytes.toByteArray();
    }
}
