package clickcounter.endtoend;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/// What is known about clicks while they are being sent: the bounds for the statistics of a banner that are read
/// in the meantime.
///
/// **Threads**: any.
final class ClickTally {
    private final AtomicLongArray sent;
    private final AtomicLongArray acknowledged;
    private final AtomicLongArray refused;
    private final AtomicLong unanswered = new AtomicLong();
    private final Runnable whenAcknowledged;

    /// @param banners banners are numbered from 1 to this
    /// @param whenAcknowledged runs after each click that was answered 204
    ClickTally(int banners, Runnable whenAcknowledged) {
        sent = new AtomicLongArray(banners + 1);
        acknowledged = new AtomicLongArray(banners + 1);
        refused = new AtomicLongArray(banners + 1);
        this.whenAcknowledged = whenAcknowledged;
    }

    /// Must be called before the first byte of the click goes out.
    void sending(long bannerId) {
        sent.incrementAndGet((int) bannerId);
    }

    void acknowledged(long bannerId) {
        acknowledged.incrementAndGet((int) bannerId);
        whenAcknowledged.run();
    }

    void refused(long bannerId) {
        refused.incrementAndGet((int) bannerId);
    }

    void unanswered() {
        unanswered.incrementAndGet();
    }

    /// The lower bound for statistics that are requested after this call.
    long atLeast(long bannerId) {
        return acknowledged.get((int) bannerId);
    }

    /// The upper bound for statistics that were answered before this call.
    long atMost(long bannerId) {
        return sent.get((int) bannerId) - refused.get((int) bannerId);
    }

    int banners() {
        return sent.length() - 1;
    }

    long acknowledgedClicks() {
        return sum(acknowledged);
    }

    long refusedClicks() {
        return sum(refused);
    }

    long unansweredClicks() {
        return unanswered.get();
    }

    private static long sum(AtomicLongArray clicks) {
        long sum = 0;
        for (int at = 0; at < clicks.length(); at++) {
            sum += clicks.get(at);
        }
        return sum;
    }
}
