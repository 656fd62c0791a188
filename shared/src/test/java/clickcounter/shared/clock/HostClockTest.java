package clickcounter.shared.clock;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Lifetime;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostClockTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration YEARS = Duration.ofDays(1_500);

    private final FakeMachine machine = new FakeMachine();

    @TempDir
    Path folder;

    @Test
    void isTheSystemClock() {
        try (HostClock clock = start()) {
            for (int second = 0; second < 200; second++) {
                machine.pass(SECOND);
                assertThat(clock.instant()).isEqualTo(machine.now());
            }
        }
    }

    @Test
    void holdsAJumpBackFromTheFirstMomentOn() {
        try (HostClock clock = start()) {
            machine.jump(YEARS);
            for (int second = 0; second < 100; second++) {
                assertThat(clock.instant()).isEqualTo(FakeMachine.START.plusSeconds(second));
                machine.pass(SECOND);
            }
            machine.jump(YEARS.negated());
            machine.jump(Duration.ofSeconds(-70));
            assertThat(clock.instant()).isEqualTo(FakeMachine.START.plusSeconds(100));
        }
    }

    @Test
    void followsAStepOfLessThanAMinuteAtOnce() {
        try (HostClock clock = start()) {
            machine.pass(SECOND);
            machine.jump(Duration.ofSeconds(59));
            assertThat(clock.instant()).isEqualTo(machine.now());
            machine.jump(Duration.ofSeconds(-59));
            assertThat(clock.instant()).isEqualTo(machine.now());
        }
    }

    @Test
    void aRestartDoesNotConfirmAJump() {
        start().close();
        machine.pass(Duration.ofHours(1));
        machine.jump(YEARS);
        try (HostClock clock = start()) {
            assertThat(clock.instant()).isEqualTo(FakeMachine.START.plus(Duration.ofHours(1)));
            assertThat(jumpMetric(clock)).isEqualTo((double) YEARS.toSeconds());
        }
    }

    @Test
    void trustsTheSystemClockWhereNothingIsKnown() {
        machine.jump(YEARS);
        try (HostClock clock = start()) {
            assertThat(clock.instant()).isEqualTo(machine.now());
            assertThat(jumpMetric(clock)).isZero();
        }
    }

    @Test
    void confirmingAJumpIsForAllProcesses() throws IOException {
        start().close();
        machine.jump(YEARS);
        try (HostClock one = start()) {
            assertThat(one.instant()).isEqualTo(FakeMachine.START);
            one.confirm();
            assertThat(one.instant()).isEqualTo(machine.now());
            assertThat(jumpMetric(one)).isZero();
        }
        try (HostClock another = start()) {
            assertThat(another.instant()).isEqualTo(machine.now());
        }

        machine.jump(YEARS.negated());
        assertThat(file().accept(machine)).isTrue();
        try (HostClock another = start()) {
            assertThat(another.instant()).isEqualTo(machine.now());
        }
    }

    @Test
    void aFrozenProcessThatHoldsTheFileHoldsUpNobody() throws IOException {
        start().close();
        machine.jump(YEARS);
        try (var channel = FileChannel.open(folder.resolve("clock"), StandardOpenOption.WRITE);
                var _ = channel.lock();
                HostClock clock = start()) {
            assertThat(clock.instant()).isEqualTo(FakeMachine.START);
            assertThat(file().accept(machine)).isFalse();
        }
    }

    @Test
    void anIncompleteFileIsLikeNone() throws IOException {
        start().close();
        Files.writeString(folder.resolve("clock"), "boot-1 1800");
        machine.jump(YEARS);
        try (HostClock clock = start()) {
            assertThat(clock.instant()).isEqualTo(machine.now());
        }
        assertThat(file().read()).map(ClockState::trusted).contains(machine.now());
    }

    @Test
    void continuesWithoutItsFile() throws IOException {
        Files.createDirectory(folder.resolve("clock"));
        try (HostClock clock = start()) {
            machine.jump(YEARS);
            assertThat(clock.instant()).isEqualTo(FakeMachine.START);
        }
    }

    @Test
    void theMachineTellsTheTimeSinceItsBoot() {
        var real = new MachineClock();
        MachineClock.Reading before = real.read();
        MachineClock.Reading after = real.read();
        assertThat(after.bootId()).isEqualTo(before.bootId()).isEqualTo(MachineClock.currentBootId());
        assertThat(after.uptimeMs()).isGreaterThanOrEqualTo(before.uptimeMs());
        assertThat(Instant.ofEpochMilli(after.systemMs())).isAfter(FakeMachine.START.minus(YEARS));
    }

    private HostClock start() {
        return HostClock.start(folder.resolve("log"), machine, new Lifetime());
    }

    private ClockFile file() {
        return new ClockFile(folder.resolve("log"));
    }

    private static double jumpMetric(HostClock clock) {
        var metrics = new PrometheusRegistry();
        clock.expose(metrics);
        GaugeSnapshot gauge = (GaugeSnapshot) metrics.scrape().get(0);
        return gauge.getDataPoints().getFirst().getValue();
    }
}
