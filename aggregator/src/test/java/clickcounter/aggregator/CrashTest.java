package clickcounter.aggregator;

import static clickcounter.aggregator.Scene.START;

import clickcounter.testing.Await;
import java.io.File;
import java.io.IOException;
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

    private static final Duration LONGEST_START = Duration.ofSeconds(2);
    private static final Duration LONGEST_RUN = Duration.ofMillis(400);

    /// What the processes say.
    private static final File LOG = Path.of("target", "CrashTest.log").toFile();

    private final Scene scene = new Scene();

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void goesOnFromThePositionInTheDatabaseAfterACrash() throws IOException, InterruptedException {
        long seed = System.nanoTime();
        System.out.println("goesOnFromThePositionInTheDatabaseAfterACrash: seed " + seed);
        var random = new Random(seed);
        scene.click(1, START);
        var enough = new CompletableFuture<Void>();
        Thread clicking = Thread.ofPlatform().start(() -> clickUntil(enough, new Random(seed + 1)));
        try {
            for (int round = 0; round < ROUNDS; round++) {
                Process aggregator = startProcess();
                if (round % KILLED_AT_START_ONE_IN == 1) {
                    pauseAtMost(LONGEST_START, random);
                } else {
                    long clicksBefore = scene.clicksInDatabase();
                    Await.until("it counts (see %s)".formatted(LOG), () -> scene.clicksInDatabase() > clicksBefore);
                    pauseAtMost(LONGEST_RUN, random);
                }
                aggregator.destroyForcibly().waitFor();
            }
        } finally {
            enough.complete(null);
            clicking.join();
        }
        scene.countAll();

        scene.assertAllIsCountedOnce();
    }

    /// Some 20 000 a second, over several minutes of the log.
    private void clickUntil(CompletableFuture<Void> enough, Random random) {
        Instant time = START;
        while (!enough.isDone()) {
            for (int click = 0; click < 20; click++) {
                time = time.plusMillis(1);
                scene.click(1 + random.nextInt(1_000), time);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void pauseAtMost(Duration longest, Random random) {
        LockSupport.parkNanos(random.nextLong(longest.toNanos()));
    }

    private Process startProcess() throws IOException {
        var builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + Path.of(System.getProperty("clickcounter.root"), "config", "jvm.options"),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                AggregatorMain.class.getName());
        builder.environment()
                .putAll(Map.of(
                        "DATA_DIR",
                        scene.folder().toString(),
                        "DATABASE_URL",
                        scene.databaseUrl(),
                        "FLUSH_INTERVAL",
                        "50ms",
                        "LOGGING_FORMAT",
                        "text"));
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(LOG));
        return builder.start();
    }
}
