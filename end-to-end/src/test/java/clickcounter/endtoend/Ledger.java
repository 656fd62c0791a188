package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What a client knows of its clicks, to be compared with the statistics.
///
/// A click that was answered 204 is counted exactly once; one that was refused is not; one without an answer
/// (its connection broke) once or not at all. Its minute is that of the server's clock between sending and
/// answer: when these lie in two minutes, either may have it.
///
/// **Threads**: one; [#add] joins the ledgers of several.
final class Ledger {
    private static final long MILLIS_PER_MINUTE = 60_000;

    /// How often something happened in a minute, or in one of two following minutes.
    private record Slot(long bannerId, long firstMinute, long lastMinute) implements Comparable<Slot> {
        @Override
        public int compareTo(Slot other) {
            return Comparator.comparingLong(Slot::bannerId)
                    .thenComparingLong(Slot::firstMinute)
                    .thenComparingLong(Slot::lastMinute)
                    .compare(this, other);
        }
    }

    private final Map<Slot, Long> acknowledged = new TreeMap<>();
    private final Map<Slot, Long> unanswered = new TreeMap<>();
    private long refused;

    void acknowledged(long bannerId, long sentMillis, long answeredMillis) {
        count(acknowledged, bannerId, sentMillis, answeredMillis);
    }

    void unanswered(long bannerId, long sentMillis, long brokenMillis) {
        count(unanswered, bannerId, sentMillis, brokenMillis);
    }

    void refused() {
        refused++;
    }

    long refusedClicks() {
        return refused;
    }

    private static void count(Map<Slot, Long> slots, long bannerId, long fromMillis, long toMillis) {
        var slot = new Slot(bannerId, fromMillis / MILLIS_PER_MINUTE, toMillis / MILLIS_PER_MINUTE);
        slots.merge(slot, 1L, Long::sum);
    }

    synchronized void add(Ledger other) {
        other.acknowledged.forEach((slot, clicks) -> acknowledged.merge(slot, clicks, Long::sum));
        other.unanswered.forEach((slot, clicks) -> unanswered.merge(slot, clicks, Long::sum));
        refused += other.refused;
    }

    long acknowledgedClicks() {
        return sum(acknowledged);
    }

    long unansweredClicks() {
        return sum(unanswered);
    }

    Set<Long> bannerIds() {
        Set<Long> ids = new TreeSet<>();
        acknowledged.keySet().forEach(slot -> ids.add(slot.bannerId));
        unanswered.keySet().forEach(slot -> ids.add(slot.bannerId));
        return ids;
    }

    long acknowledgedClicks(long bannerId) {
        return acknowledged.entrySet().stream()
                .filter(entry -> entry.getKey().bannerId == bannerId)
                .mapToLong(Map.Entry::getValue)
                .sum();
    }

    /// Fails unless the statistics of the banner are what this ledger allows: in total, and in each minute.
    ///
    /// @param counted clicks by minute since 1970
    void verify(long bannerId, Map<Long, Long> counted) {
        long acknowledgedInAll = acknowledgedClicks(bannerId);
        long unansweredInAll = inMinutes(unanswered, bannerId, Long.MIN_VALUE, Long.MAX_VALUE, false);
        long countedInAll = counted.values().stream().mapToLong(Long::longValue).sum();
        assertThat(countedInAll)
                .as(
                        "clicks of banner %d: %d acknowledged, %d without an answer",
                        bannerId, acknowledgedInAll, unansweredInAll)
                .isBetween(acknowledgedInAll, acknowledgedInAll + unansweredInAll);
        Set<Long> minutes = new TreeSet<>(counted.keySet());
        acknowledged.keySet().stream()
                .filter(slot -> slot.bannerId == bannerId)
                .forEach(slot -> minutes.add(slot.firstMinute));
        for (long minute : minutes) {
            long certain = inMinutes(acknowledged, bannerId, minute, minute, true);
            long possible = inMinutes(acknowledged, bannerId, minute, minute, false)
                    + inMinutes(unanswered, bannerId, minute, minute, false);
            assertThat(counted.getOrDefault(minute, 0L))
                    .as("clicks of banner %d in minute %d", bannerId, minute)
                    .isBetween(certain, possible);
        }
    }

    private static long inMinutes(Map<Slot, Long> slots, long bannerId, long first, long last, boolean wholly) {
        long sum = 0;
        for (Map.Entry<Slot, Long> entry : slots.entrySet()) {
            Slot slot = entry.getKey();
            boolean matches = wholly
                    ? slot.firstMinute >= first && slot.lastMinute <= last
                    : slot.lastMinute >= first && slot.firstMinute <= last;
            if (slot.bannerId == bannerId && matches) {
                sum += entry.getValue();
            }
        }
        return sum;
    }

    private static long sum(Map<Slot, Long> slots) {
        return slots.values().stream().mapToLong(Long::longValue).sum();
    }
}
