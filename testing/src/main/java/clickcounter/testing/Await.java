package clickcounter.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/// Waits for something that gives no signal, such as a row in the database.
public final class Await {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Duration PAUSE = Duration.ofMillis(2);

    private Await() {}

    /// Returns when the condition holds.
    ///
    /// **Errors**: [AssertionError] with `what` when the condition does not hold within a minute, or throws.
    public static void until(String what, Callable<Boolean> condition) {
        until(what, LIMIT, condition);
    }

    /// Returns when the condition holds.
    ///
    /// **Errors**: [AssertionError] with `what` when the condition does not hold within the limit, or throws.
    public static void until(String what, Duration limit, Callable<Boolean> condition) {
        long startNs = System.nanoTime();
        try {
            while (!condition.call()) {
                if (System.nanoTime() - startNs > limit.toNanos()) {
                    throw new AssertionError("Not within %d s: %s".formatted(limit.toSeconds(), what));
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        } catch (Exception failure) {
            throw new AssertionError("Could not find out whether " + what, failure);
        }
    }
}
