package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.EpochMinute;
import clickcounter.testing.Service;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What the clients know about the clicks that they have sent, to be compared with the statistics.
///
/// A click that was answered 204 must be counted exactly once and a refused click not at all. A click without an
/// answer, because its connection broke, may be counted once or not at all. The server decides a click's minute
/// between the request and the answer; if these fall into two minutes, the click may be in either.
///
/// **Threads**: any.
final class SentClicks {
    private final Map<Long, Clicks> banners = new TreeMap<>();
    private final Runnable whenAcknowledged;
    private long acknowledged;
    private long unanswered;
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

    /// The clicks on one banner.
    private static final class Clicks {
        private final Map<Span, Answers> answers = new TreeMap<>();
        private long sent;
        private long refused;

        Answers answersIn(Span span) {
            return answers.computeIfAbsent(span, _ -> new Answers());
        }

        long acknowledged() {
            return answers.values().stream()
                    .mapToLong(answer -> answer.acknowledged)
                    .sum();
        }

        long unanswered() {
            return answers.values().stream()
                    .mapToLong(answer -> answer.unanswered)
                    .sum();
        }
    }

    private static final class Answers {
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

    SentClicks() {
        this(() -> {});
    }

    /// @param whenAcknowledged runs after each click that was answered 204
    SentClicks(Runnable whenAcknowledged) {
        this.whenAcknowledged = whenAcknowledged;
    }

    /// Must be called before the first byte of a click goes out.
    synchronized void sending(long bannerId) {
        clicks(bannerId).sent++;
    }

    synchronized void acknowledged(long bannerId, long sentMs) {
        clicks(bannerId).answersIn(sinceThen(sentMs)).acknowledged++;
        acknowledged++;
        whenAcknowledged.run();
    }

    synchronized void unanswered(long bannerId, long sentMs) {
        clicks(bannerId).answersIn(sinceThen(sentMs)).unanswered++;
        unanswered++;
    }

    synchronized void refused(long bannerId) {
        clicks(bannerId).refused++;
        refused++;
    }

    private static Span sinceThen(long sentMs) {
        return new Span(EpochMinute.ofMillis(sentMs), EpochMinute.ofMillis(System.currentTimeMillis()));
    }

    private Clicks clicks(long bannerId) {
        return banners.computeIfAbsent(bannerId, _ -> new Clicks());
    }

    /// Does not remember the banner: asking about one sends no click.
    private Clicks known(long bannerId) {
        return banners.getOrDefault(bannerId, new Clicks());
    }

    /// The lower bound for statistics that are requested after this call.
    synchronized long atLeast(long bannerId) {
        return known(bannerId).acknowledged();
    }

    /// The upper bound for statistics that were answered before this call.
    synchronized long atMost(long bannerId) {
        return known(bannerId).sent - known(bannerId).refused;
    }

    /// Takes the counts of the banner for certain, and its unanswered clicks for settled, so that the uncertainty
    /// that one fault causes does not weaken the next comparison. No click may be under way.
    ///
    /// @param counted clicks by minute since 1970
    synchronized void settle(long bannerId, Map<Long, Long> counted) {
        var settled = new Clicks();
        settled.sent = Service.sum(counted);
        counted.forEach((minute, clicks) -> settled.answersIn(new Span(minute, minute)).acknowledged = clicks);
        banners.put(bannerId, settled);
    }

    synchronized long acknowledgedClicks() {
        return acknowledged;
    }

    synchronized long unansweredClicks() {
        return unanswered;
    }

    synchronized long refusedClicks() {
        return refused;
    }

    synchronized Set<Long> bannerIds() {
        return new TreeSet<>(banners.keySet());
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
    synchronized void verify(long bannerId, Map<Long, Long> counted) {
        Deviation deviation = deviation(bannerId, counted);
        Clicks clicks = clicks(bannerId);
        assertThat(deviation.isNone())
                .as(
                        "banner %d has %s: %d clicks were acknowledged, %d got no answer, counted were %s",
                        bannerId, deviation, clicks.acknowledged(), clicks.unanswered(), counted)
                .isTrue();
    }

    /// Compares the statistics of the banner with the clicks that were sent: in total and in each minute.
    ///
    /// @param counted clicks by minute since 1970
    synchronized Deviation deviation(long bannerId, Map<Long, Long> counted) {
        Clicks clicks = clicks(bannerId);
        long certain = clicks.acknowledged();
        Deviation inAll = deviation(Service.sum(counted), certain, certain + clicks.unanswered());
        Set<Long> minutes = new TreeSet<>(counted.keySet());
        clicks.answers.keySet().forEach(span -> minutes.add(span.firstMinute));
        long missing = 0;
        long surplus = 0;
        for (long minute : minutes) {
            Deviation inMinute = deviationIn(minute, counted.getOrDefault(minute, 0L), clicks.answers);
            missing += inMinute.missing;
            surplus += inMinute.surplus;
        }
        return new Deviation(Math.max(inAll.missing, missing), Math.max(inAll.surplus, surplus));
    }

    private static Deviation deviationIn(long minute, long counted, Map<Span, Answers> answers) {
        long certain = 0;
        long possible = 0;
        for (Map.Entry<Span, Answers> entry : answers.entrySet()) {
            Answers answer = entry.getValue();
            if (entry.getKey().isWithin(minute)) {
                certain += answer.acknowledged;
            }
            if (entry.getKey().touches(minute)) {
                possible += answer.acknowledged + answer.unanswered;
            }
        }
        return deviation(counted, certain, possible);
    }

    private static Deviation deviation(long counted, long certain, long possible) {
        return new Deviation(Math.max(0, certain - counted), Math.max(0, counted - possible));
    }
}
