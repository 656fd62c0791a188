package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.openhft.chronicle.queue.reader.ChronicleReader;
import net.openhft.chronicle.wire.WireType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Operators can inspect the log with Chronicle's own reader.
class ChronicleToolTest {
    private final TestLog log;

    ChronicleToolTest(@TempDir Path folder) {
        log = new TestLog(folder);
        try (var writer = log.writer(() -> 1_767_261_600_123L)) {
            writer.append(42);
            writer.append(Long.MAX_VALUE);
        }
    }

    @Test
    void printsClicksAsJson() {
        assertThat(print(WireType.JSON))
                .containsExactly(
                        "\"bannerId\":42,\"ts\":1767261600123",
                        "\"bannerId\":9223372036854775807,\"ts\":1767261600123");
    }

    @Test
    void printsClicksAsText() {
        assertThat(print(WireType.TEXT))
                .containsExactly(
                        "bannerId: 42\nts: 1767261600123\n", "bannerId: 9223372036854775807\nts: 1767261600123\n");
    }

    private List<String> print(WireType format) {
        var printed = new ArrayList<String>();
        new ChronicleReader()
                .withBasePath(log.folder())
                .withWireType(format)
                .suppressDisplayIndex()
                .withMessageSink(printed::add)
                .execute();
        return printed;
    }
}
