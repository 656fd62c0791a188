package clickcounter.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class JvmOptionsTest {
    /// Takes all memory in a thread that nobody watches, while the main thread waits for ever.
    static final class Hoarder {
        public static void main(String[] arguments) throws InterruptedException {
            var hoarder = new Thread(() -> {
                long[][] hoard = new long[1_000][];
                for (int at = 0; ; at++) {
                    hoard[at] = new long[10_000_000];
                }
            });
            hoarder.start();
            hoarder.join();
            Thread.currentThread().join();
        }
    }

    @Test
    void aProcessWithoutMemoryEnds(@TempDir Path folder) {
        try (TestProcess process =
                TestProcess.startJava(Hoarder.class, folder, Map.of("JDK_JAVA_OPTIONS", "-Xmx64m"))) {
            assertThat(process.awaitEnd()).isEqualTo(3);
            assertThat(process.output()).contains("OutOfMemoryError");
        }
    }
}
