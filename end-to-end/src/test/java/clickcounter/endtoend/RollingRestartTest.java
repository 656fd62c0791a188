package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.endtoend.ServiceProcess.Program;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two ingest processes behind nginx, restarted one after the other while clicks come in.
final class RollingRestartTest {
    private static final int ROUNDS = 3;
    private static final int CONNECTIONS = 32;
    private static final int BANNERS = 100;
    private static final int CLICKS_PER_SECOND = 3_000;

    /// So many clicks a process takes between two restarts at least.
    private static final int CLICKS_BETWEEN = 500;

    @TempDir
    Path folder;

    @Test
    void noRequestFailsAndNoClickIsLostWhileOneProcessAfterTheOtherIsRestarted() throws IOException {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        int secondPort = Service.freePort();
        var first = new Ingest(Service.freePort());
        var second = new Ingest(Service.freePort());
        try (TestDatabase database = TestDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of("INGEST_ADMIN_PORT", first.setting()));
                Nginx nginx = Nginx.start(
                        folder,
                        List.of("127.0.0.1:" + service.port(), "127.0.0.1:" + secondPort),
                        service.queryPort())) {
            ServiceProcess secondProcess = service.launch(
                    "ingest-b",
                    Program.INGEST,
                    Map.of("SERVICE_PORT", Integer.toString(secondPort), "INGEST_ADMIN_PORT", second.setting()));
            var ledger = new Ledger();
            try (ClickLoad load = ClickLoad.start(nginx.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed)) {
                second.awaitClicks(secondProcess);
                for (int round = 1; round <= ROUNDS; round++) {
                    first.restart(service.ingest());
                    second.restart(secondProcess);
                }
                ledger.add(load.end());
            }

            assertThat(ledger.refusedClicks()).as(nginx.errors()).isZero();
            assertThat(ledger.unansweredClicks()).as(nginx.errors()).isZero();
            service.verify(ledger);
        }
    }

    /// One of the two.
    private record Ingest(int adminPort) {
        String setting() {
            return Integer.toString(adminPort);
        }

        /// Returns when it takes clicks again: until nginx has tried it, the other one must stay.
        void restart(ServiceProcess process) {
            assertThat(process.stop()).as(process::output).isZero();
            process.restart();
            awaitClicks(process);
        }

        void awaitClicks(ServiceProcess process) {
            process.awaitReady();
            Await.until(
                    "clicks come to " + process.name(),
                    () -> Exposition.of(adminPort).value("clickcounter_clicks_acknowledged_total") >= CLICKS_BETWEEN);
        }
    }
}
