package clickcounter.shared;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime.End;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LifetimeTest {
    private final Lifetime lifetime = new Lifetime();

    @Test
    void theFirstEndDecides() {
        lifetime.end(ExitCode.LOG_FAULT, "the disk is gone");
        lifetime.end(ExitCode.STOPPED, "asked to");

        assertThat(lifetime.hasEnded()).isTrue();
        assertThat(lifetime.await()).isEqualTo(new End(ExitCode.LOG_FAULT, "the disk is gone"));
    }

    @Test
    void goesOnUntilSomebodyEndsIt() {
        assertThat(lifetime.hasEnded()).isFalse();
        assertThat(lifetime.await(Duration.ofMillis(1))).isEmpty();
        assertThat(lifetime.hasEnded()).isFalse();
    }

    @Test
    void wakesEverybodyWhoWaits() {
        var forEver = CompletableFuture.supplyAsync(lifetime::await);
        var forAMinute = CompletableFuture.supplyAsync(() -> lifetime.await(Duration.ofMinutes(1)));

        lifetime.end(ExitCode.STOPPED, "asked to");

        var end = new End(ExitCode.STOPPED, "asked to");
        assertThat(forEver.join()).isEqualTo(end);
        assertThat(forAMinute.join()).contains(end);
    }
}
