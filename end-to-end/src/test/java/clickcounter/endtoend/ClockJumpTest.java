package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import clickcounter.shared.Program;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import clickcounter.testing.Ports;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The real processes on a machine whose system clock jumps years ahead and back, while the database's stays
/// right.
final class ClockJumpTest {
    private static final int BANNERS = 50;
    private static final int CONNECTIONS = 8;
    private static final int CLICKS_PER_SECOND = 1_000;
    private static final int CLICKS = 1_000;
    private static final long YEARS_IN_DAYS = 1_500;

    /// While a jump is held back, the time may be wrong by some hundredths of a second. So no click is sent
    /// near the end of a minute, because it would be in the other minute.
    private static final Duration ROOM = Duration.ofSeconds(25);

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration IDLE_CHECK = Duration.ofSeconds(16);

    private final long seed = new Random().nextInt(1_000_000);
    private final SentClicks sent = new SentClicks();
    private final Map<String, Integer> adminPorts =
            Map.of("ingest", Ports.free(), "aggregator", Ports.free(), "query", Ports.free());

    @TempDir
    Path folder;

    ClockJumpTest() {
        System.out.println("seed " + seed);
    }

    @Test
    void clicksStayInTheirMinutesWhileTheClockIsYearsAheadAndAfterARestart() throws IOException {
        FaultySystem system = FaultySystem.in(folder);
        assumeTrue(system.isPossible(), "no C compiler is installed, so no clock is moved");
        try (TestDatabase database = MigratedDatabase.create();
                Service service = start(system, database);
                var kept = new ClickClient(service.port())) {
            assertThat(kept.preflight(1)).isEqualTo(204);
            try (ClickLoad load = startLoad(service)) {
                awaitClicks(CLICKS);
                system.setClock(Duration.ofDays(YEARS_IN_DAYS));
                awaitClicks(CLICKS);
                load.end();
            }
            awaitJumpMetric(YEARS_IN_DAYS);
            assertAllAreReady();
            sent.verify(service);
            assertStaysOpen(kept);

            service.ingest().kill();
            service.aggregator().kill();
            service.ingest().restart();
            service.aggregator().restart();
            service.awaitReady();
            awaitJumpMetric(YEARS_IN_DAYS);
            try (ClickLoad load = startLoad(service)) {
                awaitClicks(CLICKS);
                system.setClock(Duration.ZERO);
                awaitClicks(CLICKS);
                load.end();
            }
            awaitJumpMetric(0);
            sent.verify(service);
            service.stop();
            service.restart();
            sent.verify(service);

            assertThat(database.number("select count(*) from banner_minute where minute > now()"))
                    .isZero();
            assertThat(newestFileOfTheLog(service)).isLessThan("2029");
        }
    }

    /// Uses a connection again after Helidon has looked for idle ones.
    private static void assertStaysOpen(ClickClient kept) throws IOException {
        LockSupport.parkNanos(IDLE_CHECK.toNanos());
        assertThat(kept.preflight(1)).isEqualTo(204);
        assertThat(kept.preflight(1)).isEqualTo(204);
    }

    private Service start(FaultySystem system, TestDatabase database) {
        Service service = Service.prepare(TestProcess.ROOT, folder, Map.of("DATABASE_URL", database.url()));
        for (Program program : List.of(Program.INGEST, Program.AGGREGATOR, Program.QUERY)) {
            String name = program.name().toLowerCase(Locale.ROOT);
            Map<String, String> settings = new HashMap<>(system.clock());
            settings.put(program.name() + "_ADMIN_PORT", String.valueOf(adminPorts.get(name)));
            service.launch(name, program, settings);
        }
        service.awaitReady();
        return service;
    }

    private ClickLoad startLoad(Service service) {
        Await.until("there is room in the minute", MINUTE.plus(ROOM), () -> {
            long intoMinute = System.currentTimeMillis() % MINUTE.toMillis();
            return intoMinute > 1_000 && intoMinute < MINUTE.minus(ROOM).toMillis();
        });
        return ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed, sent);
    }

    private void awaitClicks(int count) {
        long before = sent.acknowledgedClicks();
        Await.until("clicks are acknowledged", () -> sent.acknowledgedClicks() >= before + count);
    }

    private void awaitJumpMetric(long days) {
        adminPorts.forEach((name, port) -> Await.until(
                "%s has a jump of %d days".formatted(name, days),
                () -> Math.round(Exposition.of(port).value("clickcounter_clock_jump_seconds")
                                / Duration.ofDays(1).toSeconds())
                        == days));
    }

    private void assertAllAreReady() {
        adminPorts.forEach(
                (name, port) -> assertThat(Exposition.get(port, "/readyz").statusCode())
                        .as(name)
                        .isEqualTo(200));
    }

    private static String newestFileOfTheLog(Service service) throws IOException {
        try (Stream<Path> files = Files.list(service.logFolder())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".cq4"))
                    .max(String::compareTo)
                    .orElseThrow();
        }
    }
}
