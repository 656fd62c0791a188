package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.log.TestLog.Click;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.wire.WriteMarshallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The log may contain records that [ClickWriter] has not written. Clicks of another shape are read, all other
/// records are skipped.
class ForeignRecordTest {
    private static final long TIMESTAMP = 1_767_261_600_000L;

    private final TestLog log;
    private long skippedSoFar;

    ForeignRecordTest(@TempDir Path folder) {
        log = new TestLog(folder);
    }

    @Test
    void readsTheFieldsAsChronicleItselfWritesThem() {
        for (long bannerId : new long[] {1, 100, 127, 128, 200, 30_000, 1L << 20, 1L << 40, Long.MAX_VALUE}) {
            assertIsClick(
                    bannerId,
                    TIMESTAMP,
                    wire -> wire.write("bannerId").int64(bannerId).write("ts").int64(TIMESTAMP));
        }
    }

    @Test
    void readsTheFieldsInAnotherOrder() {
        assertIsClick(
                42,
                TIMESTAMP,
                wire -> wire.write("ts").int64(TIMESTAMP).write("bannerId").int64(42));
    }

    @Test
    void readsNumbersOfAnotherWidth() {
        assertIsClick(
                42,
                77,
                wire -> wire.write("bannerId").int8((byte) 42).write("ts").int32(77));
    }

    @Test
    void ignoresFieldsThatItDoesNotKnow() {
        assertIsClick(
                42,
                TIMESTAMP,
                wire -> wire.write("bannerId")
                        .int64(42)
                        .write("ts")
                        .int64(TIMESTAMP)
                        .write("country")
                        .text("nz"));
        assertIsClick(
                42,
                TIMESTAMP,
                wire -> wire.write("campaign")
                        .text("spring")
                        .write("bannerId")
                        .int64(42)
                        .write("country")
                        .text("nz")
                        .write("ts")
                        .int64(TIMESTAMP));
    }

    @Test
    void passesOverWhatIsNoClick() {
        assertIsSkipped(appender -> appender.writeText("hello"));
        assertIsSkipped(appender -> appender.writeText("bannerId: 42, ts: " + TIMESTAMP));
        assertIsSkipped(appender -> appender.writeBytes(Bytes.from("x")));
        assertIsSkipped(appender -> appender.writeBytes(Bytes.wrapForRead(new byte[ClickRecord.LENGTH])));
        assertIsSkipped(appender -> appender.writeBytes(Bytes.wrapForRead(new byte[1])));
        assertIsSkipped(document(wire -> wire.write("somethingElse").int64(42)));
        assertIsSkipped(document(wire -> wire.write("bannerId").int64(42)));
        assertIsSkipped(document(wire -> wire.write("ts").int64(TIMESTAMP)));
        assertIsSkipped(document(
                wire -> wire.write("bannerId").text("forty-two").write("ts").int64(TIMESTAMP)));
    }

    @Test
    void passesOverClicksThatCannotBe() {
        assertIsSkipped(click(0, TIMESTAMP));
        assertIsSkipped(click(-1, TIMESTAMP));
        assertIsSkipped(click(Long.MIN_VALUE, TIMESTAMP));
        assertIsSkipped(click(42, 0));
        assertIsSkipped(click(42, -1));
        assertIsSkipped(click(42, 253_402_300_800_000L)); // the year 10000
        assertIsClick(
                42,
                253_402_300_799_999L,
                wire -> wire.write("bannerId").int64(42).write("ts").int64(253_402_300_799_999L));
    }

    @Test
    void survivesAnyBytes() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        Bytes<?> click = ClickRecord.newBuffer();
        ClickRecord.fill(click, 42, TIMESTAMP);
        byte[] pattern = click.toByteArray();
        int records = 5_000;
        log.appendRaw(appender -> {
            for (int count = 0; count < records; count++) {
                byte[] bytes = new byte[1 + random.nextInt(64)];
                random.nextBytes(bytes);
                if (count % 2 == 0) { // a click with one wrong byte
                    bytes = pattern.clone();
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
                appender.writeBytes(Bytes.wrapForRead(bytes));
            }
        });

        try (var reader = log.reader()) {
            List<Click> clicks = TestLog.rest(reader);
            assertThat(clicks.size() + reader.skippedRecords())
                    .as("seed %d", seed)
                    .isEqualTo(records);
            assertThat(clicks).as("seed %d", seed).allMatch(read -> read.bannerId() > 0 && read.timestampMs() > 0);
        }
    }

    /// Numbers without names are valid wire format, too, and could be taken for a banner id and a time.
    @Test
    void passesOverBytesThatNameNoFields() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        int records = 1_000;
        log.appendRaw(appender -> {
            for (int count = 0; count < records; count++) {
                byte[] bytes = new byte[2 + random.nextInt(64)];
                random.nextBytes(bytes);
                appender.writeBytes(Bytes.wrapForRead(bytes));
            }
            appender.writeBytes(Bytes.wrapForRead(new byte[] {42, 77}));
        });

        try (var reader = log.reader()) {
            assertThat(TestLog.rest(reader)).as("seed %d", seed).isEmpty();
            assertThat(reader.skippedRecords()).isEqualTo(records + 1);
        }
    }

    @Test
    void countsSkippedRecordsAsConsumed() {
        log.appendRaw(appender -> {
            appender.writeText("first");
            appender.writeText("second");
        });

        try (var reader = log.reader()) {
            assertThat(reader.read(1, (_, _, _) -> true)).isEqualTo(1);
            assertThat(reader.position()).isNotEqualTo(ClickReader.START);
            assertThat(reader.read(10, (_, _, _) -> true)).isEqualTo(1);
            assertThat(reader.skippedRecords()).isEqualTo(2);
            assertThat(reader.moveTo(reader.position())).isTrue();
        }
    }

    @Test
    void appendsAfterALastRecordThatIsNoClick() {
        log.appendRaw(appender -> appender.writeText("hello"));
        try (var writer = log.writer()) {
            writer.append(42);
        }
        assertThat(log.bannerIds()).containsExactly(42L);
    }

    private static Consumer<ExcerptAppender> click(long bannerId, long timestampMs) {
        return document(
                wire -> wire.write("bannerId").int64(bannerId).write("ts").int64(timestampMs));
    }

    private static Consumer<ExcerptAppender> document(WriteMarshallable fields) {
        return appender -> appender.writeDocument(fields);
    }

    private void assertIsSkipped(Consumer<ExcerptAppender> append) {
        log.appendRaw(append);
        try (var reader = log.reader()) {
            TestLog.rest(reader);
            assertThat(reader.skippedRecords()).isEqualTo(++skippedSoFar);
        }
    }

    private void assertIsClick(long bannerId, long timestampMs, WriteMarshallable fields) {
        log.appendRaw(document(fields));
        assertThat(log.clicks().getLast())
                .extracting(Click::bannerId, Click::timestampMs)
                .containsExactly(bannerId, timestampMs);
    }
}
