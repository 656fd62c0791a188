package clickcounter.endtoend;

import clickcounter.testing.Service;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Asks for the statistics of random banners all the time while clicks are sent and things break, and compares
/// each answer with what was known before the request and with what is known after the answer.
///
/// **Threads**: asks in a thread of its own; any may read the results.
final class Auditor implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(5);

    private final Service service;
    private final List<Integer> ports;
    private final SentClicks sent;
    private final int banners;
    private final Random random;
    private final AtomicLong complete = new AtomicLong();
    private final AtomicLong incomplete = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong unanswered = new AtomicLong();
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();
    private final Thread thread = Thread.ofPlatform().name("auditor").unstarted(this::run);
    private volatile boolean ending;

    private Auditor(Service service, List<Integer> ports, SentClicks sent, int banners, long seed) {
        this.service = service;
        this.ports = List.copyOf(ports);
        this.sent = sent;
        this.banners = banners;
        random = new Random(seed);
    }

    /// @param ports of the processes to ask
    static Auditor start(Service service, List<Integer> ports, SentClicks sent, int banners, long seed) {
        var auditor = new Auditor(service, ports, sent, banners, seed);
        auditor.thread.start();
        return auditor;
    }

    /// The number of answers that said that they were complete, and were compared with both bounds.
    long completeAnswers() {
        return complete.get();
    }

    /// The number of answers that said that they might lack clicks.
    long incompleteAnswers() {
        return incomplete.get();
    }

    /// The number of answers with status 503.
    long refusals() {
        return refused.get();
    }

    /// The number of requests without an answer, because the process that was asked was away.
    long unansweredQuestions() {
        return unanswered.get();
    }

    /// The answers that were wrong.
    List<String> violations() {
        return List.copyOf(violations);
    }

    private void run() {
        while (!ending) {
            try {
                ask(random.nextInt(banners) + 1, ports.get(random.nextInt(ports.size())));
                LockSupport.parkNanos(PAUSE.toNanos());
            } catch (RuntimeException | AssertionError failure) {
                violations.add("the auditor itself failed: " + failure);
                return;
            }
        }
    }

    private void ask(long bannerId, int port) {
        long atLeast = sent.atLeast(bannerId);
        try {
            HttpResponse<String> answer = service.statisticsAnswer(port, bannerId);
            if (answer.statusCode() == 503) {
                refused.incrementAndGet();
            } else if (answer.statusCode() == 200) {
                boolean isComplete = Service.isComplete(answer);
                (isComplete ? complete : incomplete).incrementAndGet();
                compare(bannerId, isComplete ? atLeast : 0, Service.sum(Service.counted(answer)));
            } else {
                violations.add("statistics were answered %d: %s".formatted(answer.statusCode(), answer.body()));
            }
        } catch (IOException noAnswer) {
            unanswered.incrementAndGet();
        }
    }

    private void compare(long bannerId, long atLeast, long counted) {
        long atMost = sent.atMost(bannerId);
        if (counted < atLeast || counted > atMost) {
            violations.add(
                    "banner %d: %d clicks were acknowledged before the request, %d were sent by its end, the answer was %d"
                            .formatted(bannerId, atLeast, atMost, counted));
        }
    }

    @Override
    public void close() {
        ending = true;
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
