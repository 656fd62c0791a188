package clickcounter.endtoend;

import clickcounter.testing.Await;
import clickcounter.testing.Service;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Ordinary clients while others attack the service. One clicks on a connection that it keeps, one opens a
/// connection for each click and sends that in two pieces, and one asks how many clicks there are.
///
/// **Threads**: each client has one of its own; any may read the results.
final class Bystanders implements AutoCloseable {
    private static final Duration CLICK_PAUSE = Duration.ofMillis(2);
    private static final Duration QUESTION_PAUSE = Duration.ofMillis(10);
    private static final Duration MAX_WAIT = Duration.ofMinutes(10);

    private final Service service;
    private final int port;
    private final long bannerId;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong failedQuestions = new AtomicLong();
    private final List<String> problems = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> clicksNs = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> questionsNs = Collections.synchronizedList(new ArrayList<>());
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("bystander-", 1).factory());
    private volatile boolean isEnding;

    private Bystanders(Service service, int port, long bannerId, long clicksBefore) {
        this.service = service;
        this.port = port;
        this.bannerId = bannerId;
        sent.set(clicksBefore);
        acknowledged.set(clicksBefore);
        threads.execute(this::clickOnOneConnection);
        threads.execute(this::clickOnNewConnections);
        threads.execute(this::ask);
    }

    /// @param port of ingest
    /// @param bannerId a banner that nobody else clicks on
    /// @param clicksBefore how many clicks the banner has
    static Bystanders start(Service service, int port, long bannerId, long clicksBefore) {
        return new Bystanders(service, port, bannerId, clicksBefore);
    }

    private void clickOnOneConnection() {
        while (!isEnding) {
            try (var connection = new ClickClient(port)) {
                while (!isEnding) {
                    click(connection::click, System.nanoTime());
                    LockSupport.parkNanos(CLICK_PAUSE.toNanos());
                }
            } catch (IOException failure) {
                problems.add("a click on a kept connection failed: " + failure);
            }
        }
    }

    private void clickOnNewConnections() {
        while (!isEnding) {
            long startNs = System.nanoTime();
            try (var connection = new ClickClient(port)) {
                click(connection::clickInTwoPieces, startNs);
            } catch (IOException failure) {
                problems.add("a click on a new connection failed: " + failure);
            }
            LockSupport.parkNanos(CLICK_PAUSE.toNanos());
        }
    }

    /// Sends a click on a banner and returns the status of its answer.
    @FunctionalInterface
    private interface Click {
        int send(long bannerId) throws IOException;
    }

    private void click(Click click, long startNs) throws IOException {
        sent.incrementAndGet();
        int status = click.send(bannerId);
        clicksNs.add(System.nanoTime() - startNs);
        if (status == 204) {
            acknowledged.incrementAndGet();
        } else {
            problems.add("a click was answered " + status);
        }
    }

    private void ask() {
        while (!isEnding) {
            long atLeast = acknowledged.get();
            long startNs = System.nanoTime();
            try {
                HttpResponse<String> answer = service.statisticsAnswer(port, bannerId);
                if (answer.statusCode() == 200 && Service.isComplete(answer)) {
                    long counted = Service.sum(Service.counted(answer));
                    if (counted < atLeast || counted > sent.get()) {
                        problems.add("%d clicks were acknowledged, %d sent, the answer was %d"
                                .formatted(atLeast, sent.get(), counted));
                    }
                } else {
                    failedQuestions.incrementAndGet();
                }
            } catch (IOException closed) {
                failedQuestions.incrementAndGet();
            }
            questionsNs.add(System.nanoTime() - startNs);
            LockSupport.parkNanos(QUESTION_PAUSE.toNanos());
        }
    }

    /// Waits until so many more clicks and questions than before were answered.
    void awaitMore(int clicks, int questions) {
        int clicksThen = clicksNs.size() + clicks;
        int questionsThen = questionsNs.size() + questions;
        Await.until(
                "ordinary clicks and questions are answered",
                MAX_WAIT,
                () -> clicksNs.size() >= clicksThen && questionsNs.size() >= questionsThen);
    }

    /// How many clicks the banner has.
    long acknowledgedClicks() {
        return acknowledged.get();
    }

    /// Clicks that were not acknowledged, and answers that were wrong.
    List<String> problems() {
        return List.copyOf(problems);
    }

    /// How many questions were refused or cut off, as the limits allow.
    long failedQuestions() {
        return failedQuestions.get();
    }

    Duration clickP99() {
        return p99(clicksNs);
    }

    Duration questionP99() {
        return p99(questionsNs);
    }

    private static Duration p99(List<Long> timesNs) {
        List<Long> sorted;
        synchronized (timesNs) {
            sorted = timesNs.stream().sorted().toList();
        }
        return sorted.isEmpty() ? Duration.ZERO : Duration.ofNanos(sorted.get((int) (sorted.size() * 0.99)));
    }

    @Override
    public void close() {
        isEnding = true;
        threads.close();
    }
}
