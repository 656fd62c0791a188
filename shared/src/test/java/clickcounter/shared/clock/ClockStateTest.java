package clickcounter.shared.clock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class ClockStateTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration YEARS = Duration.ofDays(1_500);

    private final FakeMachine machine = new FakeMachine();
    private ClockState state = ClockState.trusting(machine.read());

    @Test
    void followsAClockThatIsSlewedOrStepsByUpToAMinute() {
        jump(MINUTE.minus(SECOND));
        assertBelieved();
        jump(MINUTE.minus(SECOND).negated());
        assertBelieved();
    }

    @Test
    void holdsEveryLongerJumpBack() {
        for (Duration by : new Duration[] {
            Duration.ofSeconds(62), YEARS, Duration.ofSeconds(-62), Duration.ofHours(-3), YEARS.negated()
        }) {
            state = ClockState.trusting(machine.read());
            Instant before = machine.now();
            jump(by);

            assertThat(state.isHeld()).as("%s", by).isTrue();
            assertThat(state.trusted()).isEqualTo(before.plus(SECOND));
            assertThat(state.system()).isEqualTo(machine.now());
            assertThat(state.jumpMs()).isEqualTo(by.toMillis());
        }
    }

    @Test
    void believesTheClockAgainWhenItIsRightAgain() {
        jump(YEARS);
        pass(Duration.ofHours(2));
        assertThat(state.isHeld()).isTrue();
        jump(YEARS.negated());
        assertBelieved();
    }

    @Test
    void aSuspendedMachineIsNoJump() {
        machine.sleep(Duration.ofHours(9));
        look();
        assertBelieved();
    }

    @Test
    void believesAJumpOfLessThanADayAfterTenSteadyMinutes() {
        for (Duration by : new Duration[] {Duration.ofHours(20), Duration.ofHours(-20)}) {
            state = ClockState.trusting(machine.read());
            jump(by);
            pass(ClockState.STEADY.minus(SECOND));
            assertThat(state.isHeld()).isTrue();
            pass(SECOND);
            assertBelieved();
        }
    }

    @Test
    void aClockThatJumpsAgainIsNotSteady() {
        jump(Duration.ofHours(2));
        pass(ClockState.STEADY.minus(SECOND));
        jump(Duration.ofHours(1));
        pass(ClockState.STEADY.minus(SECOND));
        assertThat(state.isHeld()).isTrue();
        pass(SECOND);
        assertBelieved();
    }

    @Test
    void neverBelievesALongerJumpByItself() {
        jump(ClockState.MAX_UNCONFIRMED.plus(MINUTE));
        pass(Duration.ofDays(20));
        assertThat(state.isHeld()).isTrue();
    }

    @Test
    void afterABootBelievesThatTheMachineWasOffForUpToAMonth() {
        machine.boot(ClockState.MAX_OFF);
        look();
        assertBelieved();
    }

    @Test
    void afterABootHoldsAClockBackThatIsEarlierThanBeforeOrMuchLater() {
        Instant before = machine.now();
        machine.boot(ClockState.MAX_OFF.plus(MINUTE));
        look();
        assertThat(state.isHeld()).isTrue();
        assertThat(state.trusted()).isEqualTo(before);

        pass(MINUTE);
        machine.boot(YEARS.negated());
        look();
        assertThat(state.isHeld()).isTrue();
        assertThat(state.trusted()).isEqualTo(before.plus(MINUTE));
    }

    @Test
    void aBootIsNoConfirmationOfAJump() {
        jump(Duration.ofDays(20));
        machine.boot(MINUTE);
        look();
        assertThat(state.isHeld()).isTrue();

        machine.jump(Duration.ofDays(-20));
        machine.boot(MINUTE);
        look();
        assertBelieved();
    }

    @Test
    void alwaysBelievesTheClockWhereNothingTellsTheTimeSinceTheBoot() {
        machine.hideBoot();
        jump(YEARS);
        assertBelieved();
    }

    @Test
    void theTextGivesBackTheState() {
        jump(Duration.ofDays(-2));
        assertThat(ClockState.parse(state.text())).isEqualTo(state);
        assertThatThrownBy(() -> ClockState.parse(state.text().strip())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ClockState.parse("boot 1 2 3\n")).isInstanceOf(IllegalArgumentException.class);
    }

    private void jump(Duration by) {
        machine.jump(by);
        pass(SECOND);
    }

    private void pass(Duration time) {
        machine.pass(time);
        look();
    }

    private void look() {
        state = state.next(machine.read());
    }

    private void assertBelieved() {
        assertThat(state.isHeld()).isFalse();
        assertThat(state.trusted()).isEqualTo(machine.now());
    }
}
