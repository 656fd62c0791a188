package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

    private String output = "";

    @BeforeAll
    static void markAsBuilt() throws IOException {
        TestProcess.markAsBuilt();
    }

    @Test
    void theDatabaseEqualsTheLogUnderLoadAndIsRebuiltToTheSameAnswers() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            try (ClickLoad load = ClickLoad.start(service.port(), 16, BANNERS, 1_000, seed)) {
                LockSupport.parkNanos(Duration.ofSeconds(2).toNanos());
                for (int round = 0; round < 3; round++) {
                    assertThat(run(database, "audit")).as(() -> output).isZero();
                    assertThat(output).startsWith("Equal: ");
                }
                assertThat(run(database, "log", "stats")).as(() -> output).isZero();
                assertThat(run(database, "log", "reader", "-m", "1")).as(() -> output).isZero();
                assertThat(output).contains("\n\"bannerId\":");
                assertThat(load.end().unansweredClicks()).isZero();
            }
            assertThat(run(database, "log", "unlock")).as(() -> output).isZero();

            List<String> answers = answers(service);
            assertThat(service.aggregator().stop()).isZero();
            var schema = new Schema(DatabaseSettings.of(database.url()));
            schema.down();
            schema.up();
            assertThat(run(database, "replay")).as(() -> output).isZero();
            assertThat(output).contains(" records counted in ");
            assertThat(answers(service)).isEqualTo(answers);
            assertThat(run(database, "audit")).as(() -> output).isZero();

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

    private int run(TestDatabase database, String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "env",
                "DATA_DIR=" + folder.resolve("data"),
                "DATABASE_URL=" + database.url(),
                "AGGREGATOR_ADMIN_PORT=0",
                TestProcess.ROOT.resolve("run.sh").toString()));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var printed = process.inputReader(StandardCharsets.UTF_8)) {
            output = String.join("\n", printed.lines().toList());
        }
        return process.waitFor();
    }
}
