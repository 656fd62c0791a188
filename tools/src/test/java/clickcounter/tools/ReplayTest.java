package clickcounter.tools;

import static clickcounter.testing.LogAndDatabase.START;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.migrations.Schema;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogCycle;
import clickcounter.testing.TestFiles;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// `./run.sh replay`.
final class ReplayTest {
    private final Scene scene = new Scene();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void buildsTheCountsOfAnEmptyDatabase() throws Exception {
        for (int click = 0; click < 10_000; click++) {
            scene.click(1 + click % 100, START.plusMillis(click * 500L));
        }
        scene.countAll();
        var schema = new Schema(scene.database());
        schema.down();
        schema.up();

        Run run = replay();

        assertThat(run.exitCode()).isZero();
        scene.assertAllIsCountedOnce();
        assertThat(run.out())
                .startsWith("10,000 records counted in ")
                .endsWith(
                        "up to record 0x%x. The oldest file of the log begins at 2026-03-01T10:00:00Z: earlier clicks are not in the counts.%n"
                                .formatted(scene.logEnd()));
    }

    @Test
    void addsToTheCountsOfOtherLogs() throws Exception {
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.closeWriter();
        TestFiles.delete(scene.logFolder());
        scene.clicks(7, START, 4);

        assertThat(replay().exitCode()).isZero();
        scene.assertAllIsCountedOnce();
    }

    @Test
    void refusesADatabaseThatKnowsTheLog() {
        scene.clicks(7, START, 3);
        scene.countAll();

        Run run = replay();

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.error())
                .contains("knows this log")
                .contains("has counted it up to 0x%x. ".formatted(scene.countedTo()))
                .endsWith("empty the database first: ./migrate.sh -down, ./migrate.sh -up.\n");
    }

    @Test
    void refusesCountsOfWhichNobodyKnowsTheLog() {
        scene.clicks(7, START, 3);
        scene.countAll();
        scene.execute("truncate click_log");

        Run run = replay();

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.error()).startsWith("run.sh replay: The database has counts, but does not know of which log: ");
        assertThat(scene.clicksInDatabase()).isEqualTo(3);
    }

    @Test
    void hasNothingToDoForALogWithoutClicks() throws Exception {
        try (var _ = ClickReader.open(scene.logFolder())) {
            assertThat(replay()).isEqualTo(new Run(0, "The log has no clicks: there is nothing to count.\n", ""));
        }
    }

    @Test
    void showsABarOnATerminal() {
        var nowNs = new AtomicLong();
        var progress = new Progress(printTo(), true, nowNs::get, cycles());

        progress.report(999);
        nowNs.set(Duration.ofMillis(100).toNanos());
        progress.report(1_099);
        assertThat(output()).isEmpty();
        nowNs.set(Duration.ofSeconds(2).toNanos());
        progress.report(2_099);
        assertThat(output())
                .isEqualTo(
                        "\r[#########.....................]  30 %  300 of 1,000 records  at 2026-03-01T10:10:00Z  150/s  5 s left");
        bytes.reset();
        progress.finish();
        assertThat(output()).matches("\r +\r");
    }

    @Test
    void showsALineNowAndThenElsewhere() {
        var nowNs = new AtomicLong();
        var progress = new Progress(printTo(), false, nowNs::get, cycles());

        for (int second = 0; second <= 25; second++) {
            nowNs.set(Duration.ofSeconds(second).toNanos());
            progress.report(999 + second);
        }
        progress.finish();
        assertThat(output().lines())
                .containsExactly(
                        "  1 %  10 of 1,000 records  at 2026-03-01T10:00:00Z  1/s  16 min 30 s left",
                        "  2 %  20 of 1,000 records  at 2026-03-01T10:00:00Z  1/s  16 min 20 s left");
    }

    /// Positions 1000 to 1199 and 2000 to 2799.
    private static List<LogCycle> cycles() {
        return List.of(cycle(START, 1_000, 200), cycle(START.plus(Duration.ofMinutes(10)), 2_000, 800));
    }

    private static LogCycle cycle(Instant start, long firstIndex, long records) {
        return new LogCycle(start, Path.of("unused"), firstIndex, records, 0);
    }

    private Run replay() {
        return Run.of(out -> new ReplayCommand(scene.settings(), out));
    }

    private PrintStream printTo() {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    private String output() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
