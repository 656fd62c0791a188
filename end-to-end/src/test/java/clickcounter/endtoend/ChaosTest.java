package clickcounter.endtoend;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/// No click is lost and none is counted twice: every promise under every fault, in any order and combination.
///
/// `./mvnw verify` runs each fault once; `./mvnw verify -Pchaos -Dchaos.minutes=30 -Dchaos.seed=1` runs for a
/// long time. The seed decides which faults happen together and how long they last. It is random unless it is
/// given, and the report names it.
final class ChaosTest {
    private static final long SEED = Long.getLong("chaos.seed", new Random().nextInt(1_000_000));

    /// Stays if the test fails, so that the log and the database can be looked into.
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    @Test
    void losesNothingAndCountsNothingTwiceUnderEachFault() {
        run(chaos -> {
            do {
                chaos.round();
            } while (!chaos.isBalanced());
        });
    }

    @Test
    @Tag("long")
    void losesNothingAndCountsNothingTwiceForALongTime() {
        long endNs = System.nanoTime()
                + Duration.ofMinutes(Long.getLong("chaos.minutes", 30)).toNanos();
        run(chaos -> {
            while (System.nanoTime() < endNs) {
                chaos.round();
            }
        });
    }

    private void run(Consumer<Chaos> rounds) {
        System.out.println("chaos.seed " + SEED);
        var report = new ChaosReport(SEED);
        try (Chaos chaos = Chaos.start(folder, SEED, report)) {
            chaos.calmRound();
            rounds.accept(chaos);
            chaos.stop();
            chaos.verify();
        } finally {
            report.write();
        }
    }
}
