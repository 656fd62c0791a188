package clickcounter.shared.log;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import net.openhft.chronicle.core.time.TimeProvider;

/// A clock that never goes back. While the system's clock is behind a time that this clock has already returned,
/// it returns that time again.
///
/// Chronicle Queue cannot append to a closed cycle, so a system clock that is set back must not lead into one.
///
/// **Threads**: any.
final class MonotonicClock implements TimeProvider {
    private final LongSupplier systemMs;
    private final AtomicLong lastMs;

    MonotonicClock(LongSupplier systemMs, long floorMs) {
        this.systemMs = systemMs;
        this.lastMs = new AtomicLong(floorMs);
    }

    @Override
    public long currentTimeMillis() {
        long now = systemMs.getAsLong();
        long last = lastMs.get();
        while (now > last) {
            if (lastMs.weakCompareAndSetVolatile(last, now)) {
                return now;
            }
            last = lastMs.get();
        }
        return last;
    }

    /// From now on, the clock never returns a time before `floorMs`.
    void atLeast(long floorMs) {
        if (lastMs.get() < floorMs) {
            lastMs.accumulateAndGet(floorMs, Math::max);
        }
    }
}
