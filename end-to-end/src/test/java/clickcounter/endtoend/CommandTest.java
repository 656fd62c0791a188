package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands of `run.sh` for operators, beside the running processes.
final class CommandTest {
    private static final int BANNERS = 100;

    @TempDir
    Path folder;

    @BeforeAll
    static void markAsBuilt() throws IOException {
        TestProcess.markAsBuilt();
    }

    @Test
    void theDatabaseEqualsTheLogUnderLoadAndIsRebuiltToTheSameAnswers() throws IOException {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            var sent = new SentClicks();
            try (ClickLoad load = ClickLoad.start(service.port(), 16, BANNERS, 1_000, seed, sent)) {
                LockSupport.parkNanos(Duration.ofSeconds(2).toNanos());
                for (int round = 0; round < 3; round++) {
                    assertThat(service.run("./run.sh", "audit")).containsPattern("(?m)^Equal: ");
                }
                service.run("./run.sh", "log", "stats");
                load.end();
                assertThat(sent.unansweredClicks()).isZero();
            }
            service.run("./run.sh", "log", "unlock");

            List<String> answers = answers(service);
            service.aggregator().stopCleanly();
            var schema = new Schema(DatabaseSettings.of(database.url()));
            schema.down();
            schema.up();
            assertThat(service.run("./run.sh", "replay")).contains(" records counted in ");
            assertThat(answers(service)).isEqualTo(answers);
            service.run("./run.sh", "audit");

            service.aggregator().restart();
            service.awaitReady();
            assertThat(answers(service)).isEqualTo(answers);
        }
    }

    private static List<String> answers(Service service) throws IOException {
        List<String> answers = new ArrayList<>();
        for (int bannerId = 1; bannerId <= BANNERS; bannerId++) {
            answers.add(service.statisticsAnswer(bannerId).body());
        }
        return answers;
    }
}
