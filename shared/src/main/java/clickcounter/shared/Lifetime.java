package clickcounter.shared;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The one-way switch that ends a process: whoever finds that the process cannot or shall not go on ends it,
/// with the exit code and a sentence; the main thread waits for that and closes everything in order.
///
/// **Threads**: any.
public final class Lifetime {
    private final CompletableFuture<End> end = new CompletableFuture<>();

    /// Why a process ended. `reason` says what to do when the code is not [ExitCode#STOPPED].
    public record End(ExitCode code, String reason) {}

    /// The first call decides; later ones change nothing.
    public void end(ExitCode code, String reason) {
        end.complete(new End(code, reason));
    }

    /// Whether somebody has called [#end(ExitCode, String)].
    public boolean hasEnded() {
        return end.isDone();
    }

    /// Waits until the lifetime ends.
    public End await() {
        return end.join();
    }

    /// Waits at most that long; empty when it goes on.
    public Optional<End> await(Duration timeout) {
        try {
            return Optional.of(end.copy()
                    .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                    .join());
        } catch (java.util.concurrent.CompletionException late) {
            if (late.getCause() instanceof TimeoutException) {
                return Optional.empty();
            }
            throw late;
        }
    }
}
