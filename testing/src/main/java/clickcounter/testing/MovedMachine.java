package clickcounter.testing;

import clickcounter.shared.clock.MachineClock;
import java.time.Duration;

/// This machine, with a system clock that the test sets ahead or back.
public final class MovedMachine extends MachineClock {
    private volatile Duration ahead;

    public MovedMachine(Duration ahead) {
        this.ahead = ahead;
    }

    public void move(Duration newAhead) {
        ahead = newAhead;
    }

    @Override
    protected long systemMs() {
        return super.systemMs() + ahead.toMillis();
    }
}
