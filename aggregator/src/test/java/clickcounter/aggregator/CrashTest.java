package clickcounter.aggregator;

import static clickcounter.aggregator.Scene.START;

import clickcounter.testing.Await;
import clickcounter.testing.TestProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The real process, killed.
class CrashTest {
    private static final int ROUNDS = 6;

    /// Of these rounds, one in so many is killed while it starts.
    private static final int KILLED_AT_START_ONE_IN = 3;

    private static final Duration MAX_START = Duration.ofSeconds(2);
    private static final Duration MAX_RUN = Duration.ofMillis(400);

    /// The folder for what the processes print.
    private static final Path OUTPUT = Path.of("target", "CrashTest");

    private final Scene scene = new Scene();

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void goesOnFromThePositionInTheDatabaseAfterACrash() throws InterruptedException {
        long seed = System.nanoTime();
        System.out.println("goesOnFromThePositionInTheDatabaseAfterACrash: seed " + seed);
        var random = new Random(seed);
        scene.click(1, START);
        var enough = new CompletableFuture<Void>();
        Thread clicking = Thread.ofPlatform().start(() -> clickUntil(enough, new Random(seed + 1)));
        try {
            for (int round = 0; round < ROUNDS; round++) {
                TestProcess aggregator = startProcess();
                if (round % KILLED_AT_START_ONE_IN == 1) {
                    pauseAtMost(MAX_START, random);
                } else {
                    long clicksBefore = scene.clicksInDatabase();
                    Await.until("it counts (see %s)".formatted(OUTPUT), () -> scene.clicksInDatabase() > clicksBefore);
                    pauseAtMost(MAX_RUN, random);
                }
                aggregator.kill();
            }
        } finally {
            enough.complete(null);
            clicking.join();
        }
        // A run reads for a limited time before it stops; on a slow machine several are needed.
        Await.until("all is counted", () -> {
            scene.countAll();
            return scene.countedTo() == scene.logEnd();
        });

        scene.assertAllIsCountedOnce();
    }

    /// Some 5 000 a second, over several minutes of the log.
    private void clickUntil(CompletableFuture<Void> enough, Random random) {
        Instant time = START;
        while (!enough.isDone()) {
            for (int click = 0; click < 5; click++) {
                time = time.plusMillis(4);
                scene.click(1 + random.nextInt(1_000), time);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void pauseAtMost(Duration max, Random random) {
        LockSupport.parkNanos(random.nextLong(max.toNanos()));
    }

    private TestProcess startProcess() {
        return TestProcess.startJava(
                AggregatorMain.class,
                OUTPUT,
                Map.of(
                        "AGGREGATOR_ADMIN_PORT", "0",
                        "DATA_DIR", scene.folder().toString(),
                        "DATABASE_URL", scene.databaseUrl(),
                        "FLUSH_INTERVAL", "50ms",
                        "LOGGING_FORMAT", "text"));
    }
}
