package clickcounter.aggregator;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.counts.CountStore;
import clickcounter.counts.Counts;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseTime;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.Lifetime;
import clickcounter.shared.clock.HostClock;
import clickcounter.testing.Await;
import clickcounter.testing.Exposition;
import clickcounter.testing.MovedMachine;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Clocks that are wrong: of this host, of the database, or of another host.
final class SafeClockTest {
    private static final Duration YEARS = Duration.ofDays(1_500);
    private static final Duration RETENTION = Duration.ofDays(100);
    private static final String ELSEWHERE = "192.0.2.7";

    private final Scene scene = new Scene();
    private final MovedMachine machine = new MovedMachine(Duration.ZERO);

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void theEarlierClockCounts() {
        for (Duration databaseAhead : new Duration[] {Duration.ofDays(3), Duration.ofDays(-3), YEARS.negated()}) {
            try (HostClock host = startHost()) {
                var clock = new SafeClock(host, _ -> false);
                assertNear(clock.instant(), Instant.now());
                clock.compare(new DatabaseTime(Instant.now().plus(databaseAhead), ELSEWHERE));
                assertNear(
                        clock.instant(),
                        Instant.now().plus(databaseAhead.isNegative() ? databaseAhead : Duration.ZERO));
            }
        }
    }

    @Test
    void aDatabaseOnAnotherMachineConfirmsAJump() {
        jump();
        try (HostClock host = startHost()) {
            var clock = new SafeClock(host, ELSEWHERE::equals);
            clock.compare(new DatabaseTime(Instant.now(), ELSEWHERE));
            assertThat(host.state().isHeld()).isTrue();
            clock.compare(new DatabaseTime(Instant.now().plus(YEARS), ELSEWHERE));

            assertThat(host.state().isHeld()).isFalse();
            assertNear(host.instant(), Instant.now().plus(YEARS));
            assertNear(clock.instant(), Instant.now().plus(YEARS));
        }
    }

    @Test
    void aDatabaseOnThisMachineConfirmsNothing() {
        jump();
        try (HostClock host = startHost()) {
            var clock = new SafeClock(host, ELSEWHERE::equals);
            clock.compare(new DatabaseTime(Instant.now().plus(YEARS), "127.0.0.1"));
            assertThat(host.state().isHeld()).isTrue();
            assertNear(clock.instant(), Instant.now());
        }
    }

    @Test
    void theAggregatorDeletesNothingOfTheLogBecauseOfAClockThatIsAhead() {
        for (int cycle = 3; cycle >= 0; cycle--) {
            scene.click(7, Instant.now().minus(Duration.ofMinutes(10L * cycle)));
        }
        machine.move(YEARS);
        countAllOn(machine);
        assertThat(scene.logFiles()).hasSize(4);
    }

    @Test
    void theAggregatorStillHoldsAJumpBackThatWasThereBeforeItsRestart() {
        scene.click(7, Instant.now());
        countAllOn(machine);
        machine.move(YEARS);
        try (var host = startHost();
                var _ = Aggregator.start(scene.settings(), machine, new Lifetime())) {
            assertThat(host.state().isHeld()).isTrue();
        }
    }

    @Test
    void nothingIsSummedUpOrDroppedBecauseOfAClockThatIsAhead() throws SQLException {
        machine.move(YEARS);
        Instant old = Instant.now().minus(Duration.ofDays(40));
        Instant future = Instant.now().plus(YEARS);
        try (HostClock host = startHost();
                var database = Database.connect(scene.settings().database(), "test", 2)) {
            var store = new CountStore(database, UUID.randomUUID());
            LogPosition start = store.takeOver();
            var counts = new Counts.Builder(2);
            counts.add(7, EpochMinute.of(old), 5);
            counts.add(7, EpochMinute.of(future), 3);
            assertThat(store.flush(start, 1, counts.build())).isTrue();
            var clock = new SafeClock(host, _ -> false);
            clock.compare(database.time());

            new RollUp(store, clock, RETENTION, new Lifetime()).run();

            assertThat(scene.clicksInDatabase()).isEqualTo(8);
            assertThat(scene.number("select count(*) from roll_up where rolled_until > now()"))
                    .isZero();
            assertThat(scene.number("select sum(clicks) from banner_hour")).isEqualTo(5);
            assertThat(scene.number("select count(*) from roll_up where minutes_since > 'epoch'"))
                    .isZero();
        }
    }

    @Test
    void aLogThatIsAheadOfTheClockIsSeen() {
        scene.click(7, Instant.now().plus(YEARS));
        try (var aggregator = Aggregator.start(scene.settings(), new Lifetime())) {
            assertThat(Exposition.of(aggregator.adminPort()).value("clickcounter_log_ahead_seconds"))
                    .isBetween((double) YEARS.minusHours(1).toSeconds(), (double) YEARS.toSeconds());
        }
    }

    @Test
    void onlyAnAddressBehindNoInterfaceOfThisMachineIsElsewhere() throws SocketException {
        assertThat(Neighbours.isOnAnotherMachine(ELSEWHERE)).isTrue();
        assertThat(Neighbours.isOnAnotherMachine("2001:db8::7")).isTrue();
        assertThat(Neighbours.isOnAnotherMachine(null)).isFalse();
        assertThat(Neighbours.isOnAnotherMachine("127.0.0.9")).isFalse();
        assertThat(Neighbours.isOnAnotherMachine("no address")).isFalse();
        assertThat(NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses))
                .isNotEmpty()
                .allSatisfy(own -> assertThat(Neighbours.isOnAnotherMachine(own.getHostAddress()))
                        .isFalse());
    }

    /// Lets the host know the right time, and then sets its clock ahead.
    private void jump() {
        startHost().close();
        machine.move(YEARS);
    }

    private HostClock startHost() {
        return HostClock.start(scene.logFolder(), machine, new Lifetime());
    }

    private void countAllOn(MovedMachine counting) {
        try (var _ = Aggregator.start(scene.busySettings(Duration.ofDays(7)), counting, new Lifetime())) {
            Await.until("all is counted", () -> scene.clicksInDatabase() == scene.expectedClicks());
        }
    }

    private static void assertNear(Instant one, Instant other) {
        assertThat(Duration.between(one, other).abs()).isLessThan(Duration.ofSeconds(50));
    }
}
