package clickcounter.tools;

import static clickcounter.testing.LogAndDatabase.START;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.migrations.Schema;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogCycle;
import clickcounter.testing.TestFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// `./run.sh replay`.
final class ReplayTest {
    private final Scene scene = new Scene();

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
    void saysHowFarItIs() {
        var progress = new Progress(cycles());

        assertThat(progress.line(ClickReader.START)).isEqualTo("  0 %  0 of 1,000 records  at 1970-01-01T00:00:00Z");
        assertThat(progress.line(1_009)).isEqualTo("  1 %  10 of 1,000 records  at 2026-03-01T10:00:00Z");
        assertThat(progress.line(2_099)).isEqualTo(" 30 %  300 of 1,000 records  at 2026-03-01T10:10:00Z");
        assertThat(progress.line(2_799)).isEqualTo("100 %  1,000 of 1,000 records  at 2026-03-01T10:10:00Z");
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
}
