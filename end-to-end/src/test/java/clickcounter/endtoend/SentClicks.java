package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.EpochMinute;
import clickcounter.testing.Service;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What a client knows about the clicks that it has sent, to be compared with the statistics.
///
/// A click that was answered 204 must be counted exactly once and a refused click not at all. A click without an
/// answer, because its connection broke, may be counted once or not at all. The server decides a click's minute
/// between the request and the answer; if these fall into two minutes, the click may be in either.
///
/// **Threads**: one; [#add] joins what several threads have sent.
final class SentClicks {
    private final Map<Long, Map<Span, Tally>> banners = new TreeMap<>();
    private long refused;

    /// The minutes that a click may be in.
    private record Span(long firstMinute, long lastMinute) implements Comparable<Span> {
        @Override
        public int compareTo(Span other) {
            return Comparator.comparingLong(Span::firstMinute)
                    .thenComparingLong(Span::lastMinute)
                    .compare(this, other);
        }

        boolean isWithin(long minute) {
            return firstMinute == minute && lastMinute == minute;
        }

        boolean touches(long minute) {
            return firstMinute <= minute && minute <= lastMinute;
        }
    }

    private static final class Tally {
        private long acknowledged;
        private long unanswered;
    }

    /// By how much statistics are wrong. A click that is counted in the wrong minute is missing in one minute and
    /// surplus in another.
    ///
    /// @param missing acknowledged clicks that are not counted
    /// @param surplus counted clicks that no client has sent
    record Deviation(long missing, long surplus) {
        boolean isNone() {
            return missing == 0 && surplus == 0;
        }
    }

    void acknowledged(long bannerId, long sentMillis, long answeredMillis) {
        tally(bannerId, sentMillis, answeredMillis).acknowledged++;
    }

    void unanswered(long bannerId, long sentMillis, long brokenMillis) {
        tally(bannerId, sentMillis, brokenMillis).unanswered++;
    }

    void refused() {
        refused++;
    }

    private Tally tally(long bannerId, long fromMillis, long toMillis) {
        return tally(bannerId, new Span(EpochMinute.ofMillis(fromMillis), EpochMinute.ofMillis(toMillis)));
    }

    private Tally tally(long bannerId, Span span) {
        return banners.computeIfAbsent(bannerId, _ -> new TreeMap<>()).computeIfAbsent(span, _ -> new Tally());
    }

    /// Adds what another thread has sent.
    void add(SentClicks other) {
        other.banners.forEach((bannerId, spans) -> spans.forEach((span, others) -> {
            Tally mine = tally(bannerId, span);
            mine.acknowledged += others.acknowledged;
            mine.unanswered += others.unanswered;
        }));
        refused += other.refused;
    }

    /// Takes the counts of the banner for certain, and its unanswered clicks for settled, so that the uncertainty
    /// that one fault causes does not weaken the next comparison.
    ///
    /// @param counted clicks by minute since 1970
    void settle(long bannerId, Map<Long, Long> counted) {
        Map<Span, Tally> settled = new TreeMap<>();
        counted.forEach((minute, clicks) ->
                settled.computeIfAbsent(new Span(minute, minute), _ -> new Tally()).acknowledged = clicks);
        banners.put(bannerId, settled);
    }

    long acknowledgedClicks() {
        return banners.keySet().stream().mapToLong(this::acknowledgedClicks).sum();
    }

    long acknowledgedClicks(long bannerId) {
        return tallies(bannerId).values().stream()
                .mapToLong(tally -> tally.acknowledged)
                .sum();
    }

    long unansweredClicks() {
        return banners.keySet().stream().mapToLong(this::unansweredClicks).sum();
    }

    private long unansweredClicks(long bannerId) {
        return tallies(bannerId).values().stream()
                .mapToLong(tally -> tally.unanswered)
                .sum();
    }

    long refusedClicks() {
        return refused;
    }

    Set<Long> bannerIds() {
        return banners.keySet();
    }

    private Map<Span, Tally> tallies(long bannerId) {
        return banners.getOrDefault(bannerId, Map.of());
    }

    /// Fails unless the service's statistics of every banner agree with the clicks that were sent.
    void verify(Service service) {
        for (long bannerId : bannerIds()) {
            verify(bannerId, service.statistics(bannerId));
        }
    }

    /// Fails unless the statistics of the banner agree with the clicks that were sent: in total and in each
    /// minute.
    ///
    /// @param counted clicks by minute since 1970
    void verify(long bannerId, Map<Long, Long> counted) {
        Deviation deviation = deviation(bannerId, counted);
        assertThat(deviation.isNone())
                .as(
                        "banner %d has %s: %d clicks were acknowledged, %d got no answer, counted were %s",
                        bannerId, deviation, acknowledgedClicks(bannerId), unansweredClicks(bannerId), counted)
                .isTrue();
    }

    /// Compares the statistics of the banner with the clicks that were sent: in total and in each minute.
    ///
    /// @param counted clicks by minute since 1970
    Deviation deviation(long bannerId, Map<Long, Long> counted) {
        long certain = acknowledgedClicks(bannerId);
        Deviation inAll = deviation(Service.sum(counted), certain, certain + unansweredClicks(bannerId));
        Map<Span, Tally> tallies = tallies(bannerId);
        Set<Long> minutes = new TreeSet<>(counted.keySet());
        tallies.keySet().forEach(span -> minutes.add(span.firstMinute));
        long missing = 0;
        long surplus = 0;
        for (long minute : minutes) {
            Deviation inMinute = deviationIn(minute, counted.getOrDefault(minute, 0L), tallies);
            missing += inMinute.missing;
            surplus += inMinute.surplus;
        }
        return new Deviation(Math.max(inAll.missing, missing), Math.max(inAll.surplus, surplus));
    }

    private static Deviation deviationIn(long minute, long counted, Map<Span, Tally> tallies) {
        long certain = 0;
        long possible = 0;
        for (Map.Entry<Span, Tally> entry : tallies.entrySet()) {
            Tally tally = entry.getValue();
            if (entry.getKey().isWithin(minute)) {
                certain += tally.acknowledged;
            }
            if (entry.getKey().touches(minute)) {
                possible += tally.acknowledged + tally.unanswered;
            }
        }
        return deviation(counted, certain, possible);
    }

    private static Deviation deviation(long counted, long certain, long possible) {
        return new Deviation(Math.max(0, certain - counted), Math.max(0, counted - possible));
    }
}
