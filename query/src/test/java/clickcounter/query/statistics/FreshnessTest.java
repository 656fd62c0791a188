package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.RunningQuery;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tests that an appended click is in the next answer, whatever the database and the tail are doing.
class FreshnessTest {
    private static final int CLICKS = 1_000;

    @Test
    void countsEachClickInTheNextAnswer(@TempDir Path folder) throws SQLException {
        try (var query = RunningQuery.start(folder, "STATS_MAX_WAIT", "5s")) {
            for (int clicks = 1; clicks <= CLICKS; clicks++) {
                query.log.append(1);
                assertThat(query.clicks(1)).isEqualTo(clicks);
                if (clicks % 100 == 0) {
                    query.aggregator.move(ThreadLocalRandom.current().nextInt(200));
                }
            }
        }
    }

    @Test
    void countsTheClicksThatWereInTheLogBeforeItStarted(@TempDir Path folder) throws SQLException {
        try (var query = RunningQuery.start(folder)) {
            for (int clicks = 0; clicks < 20_000; clicks++) {
                query.log.append(2);
            }
            query.aggregator.move(5_000);
            query.restart();

            assertThat(query.clicks(2)).isEqualTo(20_000);
        }
    }
}
