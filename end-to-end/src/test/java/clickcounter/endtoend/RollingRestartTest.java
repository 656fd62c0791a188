package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import clickcounter.shared.Program;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import clickcounter.testing.Nginx;
import clickcounter.testing.Ports;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
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

    /// How many clicks a process takes between two restarts at least.
    private static final int MIN_CLICKS_BETWEEN = 500;

    @TempDir
    Path folder;

    @Test
    void noRequestFailsAndNoClickIsLostWhileOneProcessAfterTheOtherIsRestarted() throws IOException {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        assumeTrue(Nginx.isInstalled(), "nginx is not installed");
        int nginxPort = Ports.free();
        int secondPort = Ports.free();
        var first = new Ingest(Ports.free());
        var second = new Ingest(Ports.free());
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of("INGEST_ADMIN_PORT", first.setting()));
                TestProcess nginx = Nginx.startProxy(
                        "nginx",
                        folder,
                        nginxPort,
                        List.of("127.0.0.1:" + service.port(), "127.0.0.1:" + secondPort),
                        service.queryPort())) {
            TestProcess secondProcess = service.launch(
                    "ingest-b",
                    Program.INGEST,
                    Map.of("SERVICE_PORT", Integer.toString(secondPort), "INGEST_ADMIN_PORT", second.setting()));
            var sent = new SentClicks();
            try (ClickLoad load = ClickLoad.start(nginxPort, CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed, sent)) {
                second.awaitClicks(secondProcess);
                for (int round = 1; round <= ROUNDS; round++) {
                    first.restart(service.ingest());
                    second.restart(secondProcess);
                }
                load.end();
            }

            assertThat(sent.refusedClicks()).as(nginx.output()).isZero();
            assertThat(sent.unansweredClicks()).as(nginx.output()).isZero();
            sent.verify(service);
        }
    }

    /// One of the two ingest processes.
    private record Ingest(int adminPort) {
        String setting() {
            return Integer.toString(adminPort);
        }

        /// Restarts the process; returns when nginx sends it clicks again, for until then the other one must not
        /// stop.
        void restart(TestProcess process) {
            process.stopCleanly();
            process.restart();
            awaitClicks(process);
        }

        void awaitClicks(TestProcess process) {
            process.awaitReady();
            Await.until(
                    "clicks come to " + process.name(),
                    () -> Exposition.of(adminPort).value("clickcounter_clicks_acknowledged_total")
                            >= MIN_CLICKS_BETWEEN);
        }
    }
}
