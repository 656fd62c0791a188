package clickcounter.query.tail;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.ClickWriter;
import clickcounter.shared.log.LogSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {
    private static final Duration LONG_ENOUGH = Duration.ofSeconds(20);

    private final Lifetime lifetime = new Lifetime();
    private ClickWriter log;
    private ClickReader reader;
    private LogTail tail;

    @BeforeEach
    void open(@TempDir Path folder) {
        log = ClickWriter.open(
                LogSettings.read(new SettingsReader(Map.of("DATA_DIR", folder.toString(), "LOG_MIN_FREE", "0"))),
                lifetime);
        reader = ClickReader.open(folder.resolve("log"));
        tail = LogTail.start(reader, ClickReader.START, 1_000_000, lifetime);
    }

    @AfterEach
    void close() {
        tail.close();
        reader.close();
        log.close();
        assertThat(lifetime.hasEnded()).isFalse();
    }

    private long awaitNextPass() {
        return tail.awaitEnd(LONG_ENOUGH);
    }

    private long kept(long bannerId) {
        long[] clicks = {0};
        tail.kept().forEach(0, Integer.MAX_VALUE, ClickReader.START, Long.MAX_VALUE, (id, _) -> {
            clicks[0] += id == bannerId ? 1 : 0;
        });
        return clicks[0];
    }

    @Test
    void seesEveryClickAppendedBeforeItWasAskedHoweverManyAsk() throws Exception {
        int threadCount = 4;
        int clicks = 10_000;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> askers = new ArrayList<>();
            for (int thread = 1; thread <= threadCount; thread++) {
                int bannerId = thread;
                askers.add(threads.submit(() -> {
                    for (int click = 1; click <= clicks; click++) {
                        log.append(bannerId);
                        assertThat(awaitNextPass()).isNotEqualTo(LogTail.NOT_REACHED);
                        assertThat(kept(bannerId)).isEqualTo(click);
                    }
                    return null;
                }));
            }
            for (Future<Void> asker : askers) {
                asker.get(2, TimeUnit.MINUTES);
            }
        }
    }

    @Test
    void readsTheLogEvenWhenNoOneAsks() {
        log.append(1);

        long deadline = System.nanoTime() + LONG_ENOUGH.toNanos();
        while (kept(1) == 0) {
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
    }

    @Test
    void dropsTheClicksThatTheDatabaseHas() {
        log.append(1);
        long first = awaitNextPass();
        tail.committed(first);
        log.append(1);
        log.append(1);

        assertThat(awaitNextPass()).isGreaterThan(first);
        assertThat(kept(1)).isEqualTo(2);
        assertThat(tail.kept().continues(first)).isTrue();
        assertThat(tail.kept().continues(first - 1)).isFalse();
    }
}
