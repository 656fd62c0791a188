package clickcounter.shared.log;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import net.openhft.chronicle.core.time.TimeProvider;

/// The system's time, except that it stands still while the system's clock is behind a time that was already
/// given out.
///
/// Chronicle Queue refuses to append to a cycle that has been closed, so a clock that is set back must not lead
/// into one.
///
/// **Threads**: any.
final class MonotonicClock implements TimeProvider {
    private final LongSupplier systemMillis;
    private final AtomicLong lastMillis;

    /// Never gives out a time before `floorMillis`.
    MonotonicClock(LongSupplier systemMillis, long floorMillis) {
        this.systemMillis = systemMillis;
        this.lastMillis = new AtomicLong(floorMillis);
    }

    @Override
    public long currentTimeMillis() {
        long now = systemMillis.getAsLong();
        long last = lastMillis.get();
        while (now > last) {
            if (lastMillis.weakCompareAndSetVolatile(last, now)) {
                return now;
            }
            last = lastMillis.get();
        }
        return last;
    }

    /// Raises the floor.
    void atLeast(long floorMillis) {
        if (lastMillis.get() < floorMillis) {
            lastMillis.accumulateAndGet(floorMillis, Math::max);
        }
    }
}
