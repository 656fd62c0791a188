package clickcounter.endtoend;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/// What is known of clicks while they are being sent: between which bounds the statistics of a banner must be
/// that are read meanwhile.
///
/// **Threads**: any.
final class ClickTally {
    private final AtomicLongArray sent;
    private final AtomicLongArray acknowledged;
    private final AtomicLongArray refused;
    private final AtomicLong unanswered = new AtomicLong();
    private final Runnable whenAcknowledged;

    /// @param banners banners are numbered from 1 to this
    /// @param whenAcknowledged is run at each click that was answered 204
    ClickTally(int banners, Runnable whenAcknowledged) {
        sent = new AtomicLongArray(banners + 1);
        acknowledged = new AtomicLongArray(banners + 1);
        refused = new AtomicLongArray(banners + 1);
        this.whenAcknowledged = whenAcknowledged;
    }

    /// Before the first byte goes out.
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

    /// What statistics must have at least that are asked for now.
    long atLeast(long bannerId) {
        return acknowledged.get((int) bannerId);
    }

    /// What statistics may have at most that have been answered by now.
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
