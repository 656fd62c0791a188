package clickcounter.shared.log;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.wire.BinaryWireCode;
import net.openhft.chronicle.wire.ValueIn;
import net.openhft.chronicle.wire.Wire;

/// One click in the log: `bannerId`, a positive 64-bit number, and `ts`, milliseconds since 1970 in UTC.
///
/// The record is self-describing (Chronicle's binary wire format with field names), so Chronicle's own tools
/// print it and fields can be added. Both numbers are always written with eight bytes: the writer fills two
/// gaps in a fixed pattern, and the reader recognises the pattern and takes the numbers from their places,
/// which costs a quarter of parsing the fields. A record with another shape is parsed field by field.
final class ClickRecord {
    private static final String BANNER_ID = "bannerId";
    private static final String TIMESTAMP = "ts";

    private static final byte[] PATTERN = pattern();
    private static final int BANNER_ID_OFFSET = 1 + BANNER_ID.length() + 1;
    private static final int TIMESTAMP_OFFSET = BANNER_ID_OFFSET + Long.BYTES + 1 + TIMESTAMP.length() + 1;
    static final int LENGTH = TIMESTAMP_OFFSET + Long.BYTES;

    /// What stands before each number: the first eight and last two bytes of `bannerId`'s head, the four of
    /// `ts`'s.
    private static final long BANNER_HEAD = Bytes.wrapForRead(PATTERN).readLong(0);

    private static final short BANNER_HEAD_END = Bytes.wrapForRead(PATTERN).readShort(Long.BYTES);
    private static final int TIMESTAMP_HEAD = Bytes.wrapForRead(PATTERN).readInt(BANNER_ID_OFFSET + Long.BYTES);

    /// Beyond the year 9999 a time is a damaged one.
    private static final long LAST_TIMESTAMP_MILLIS =
            Instant.parse("9999-12-31T23:59:59.999Z").toEpochMilli();

    private long bannerId;
    private long timestampMillis;

    /// A buffer for [#fill], to be reused for every click.
    static Bytes<?> newBuffer() {
        Bytes<?> buffer = Bytes.allocateDirect(LENGTH);
        buffer.write(PATTERN);
        return buffer;
    }

    static void fill(Bytes<?> buffer, long bannerId, long timestampMillis) {
        buffer.writeLong(BANNER_ID_OFFSET, bannerId);
        buffer.writeLong(TIMESTAMP_OFFSET, timestampMillis);
        buffer.readPositionRemaining(0, LENGTH);
    }

    /// Takes over what the wire holds at its position. Returns whether it is a click.
    boolean read(Wire wire) {
        Bytes<?> bytes = wire.bytes();
        long start = bytes.readPosition();
        if (bytes.readRemaining() >= LENGTH
                && bytes.readLong(start) == BANNER_HEAD
                && bytes.readShort(start + Long.BYTES) == BANNER_HEAD_END
                && bytes.readInt(start + BANNER_ID_OFFSET + Long.BYTES) == TIMESTAMP_HEAD) {
            bannerId = bytes.readLong(start + BANNER_ID_OFFSET);
            timestampMillis = bytes.readLong(start + TIMESTAMP_OFFSET);
        } else if (!parse(wire)) {
            return false;
        }
        return bannerId > 0 && timestampMillis > 0 && timestampMillis <= LAST_TIMESTAMP_MILLIS;
    }

    long bannerId() {
        return bannerId;
    }

    long timestampMillis() {
        return timestampMillis;
    }

    /// The fields by name, in any order and of any width. Both names must be there: asked for a field by its
    /// name, the wire would take the next number of a record that has no names at all. What is not wire format
    /// makes it throw all kinds of exceptions; none of them says more than "not a click".
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
                    timestampMillis = value.int64();
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
