package clickcounter.shared.clock;

import java.time.Duration;
import java.time.Instant;

/// A machine whose clocks the test moves.
final class FakeMachine extends MachineClock {
    static final Instant START = Instant.parse("2026-11-28T10:00:00Z");

    private String bootId = "boot-1";
    private Duration uptime = Duration.ofHours(5);
    private Duration awake = Duration.ofHours(3);
    private Instant system = START;

    /// Lets time pass, as all clocks see it.
    void pass(Duration time) {
        uptime = uptime.plus(time);
        awake = awake.plus(time);
        system = system.plus(time);
    }

    /// Lets time pass while the machine is suspended: only the clock for short times does not see it.
    void sleep(Duration time) {
        uptime = uptime.plus(time);
        system = system.plus(time);
    }

    /// Sets the system clock ahead, or back.
    void jump(Duration by) {
        system = system.plus(by);
    }

    /// Switches the machine off for this time.
    void boot(Duration off) {
        bootId = bootId + "x";
        uptime = Duration.ofSeconds(20);
        awake = uptime;
        system = system.plus(off);
    }

    /// Where the system tells nothing about its boot.
    void hideBoot() {
        bootId = "";
    }

    Instant now() {
        return system;
    }

    @Override
    protected String bootId() {
        return bootId;
    }

    @Override
    protected long uptimeMs() {
        return uptime.toMillis();
    }

    @Override
    protected long systemMs() {
        return system.toEpochMilli();
    }

    @Override
    protected long nanoTime() {
        return awake.toNanos();
    }
}
