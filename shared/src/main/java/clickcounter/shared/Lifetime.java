package clickcounter.shared;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// The one-way switch that ends a process. Any thread that finds that the process cannot or must not continue
/// throws it, with an exit code and a sentence; the main thread waits for it, then closes everything.
///
/// **Threads**: any.
public final class Lifetime {
    private final CompletableFuture<End> end = new CompletableFuture<>();

    /// Why a process ended. If the code is not [ExitCode#STOPPED], `reason` says what to do.
    public record End(ExitCode code, String reason) {}

    /// Ends the lifetime. Only the first call has an effect.
    public void end(ExitCode code, String reason) {
        end.complete(new End(code, reason));
    }

    public boolean hasEnded() {
        return end.isDone();
    }

    public End await() {
        return end.join();
    }

    /// Waits until the lifetime ends, at most for `timeout`; returns empty if it has not ended by then.
    public Optional<End> await(Duration timeout) {
        return end.thenApply(Optional::of)
                .completeOnTimeout(Optional.empty(), timeout.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }
}
