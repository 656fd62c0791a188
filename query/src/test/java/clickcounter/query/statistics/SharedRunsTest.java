package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.testing.Await;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class SharedRunsTest {
    private static final int ASKERS = 50;

    private final SharedRuns<String, Answer> runs = new SharedRuns<>(Duration.ofMinutes(1), this::release);
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger released = new AtomicInteger();
    private final CountDownLatch mayEnd = new CountDownLatch(1);

    @AutoClose
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private record Answer(int run) {}

    private record Answered(SharedRuns<String, Answer>.Share share, Answer answer) {
        void close() {
            share.close();
        }
    }

    private static Answered get(SharedRuns<String, Answer> runs, String question, Callable<Answer> work)
            throws Exception {
        var share = runs.join(question);
        try {
            return new Answered(share, share.await(work));
        } catch (Exception failure) {
            share.close();
            throw failure;
        }
    }

    private void release(Answer answer) {
        released.incrementAndGet();
    }

    private Answer answer() throws InterruptedException {
        int run = begun.incrementAndGet();
        mayEnd.await();
        return new Answer(run);
    }

    private Future<Answered> ask(String question) {
        return threads.submit(() -> get(runs, question, this::answer));
    }

    private static int run(Future<Answered> asked) throws Exception {
        return asked.get(1, TimeUnit.MINUTES).answer().run();
    }

    @Test
    void answersAllWhoAskWhileTheSameQuestionIsAnsweredWithOneMoreRun() throws Exception {
        var first = ask("a");
        Await.until("the first run has begun", () -> begun.get() == 1);
        List<Future<Answered>> others = new ArrayList<>();
        for (int asker = 0; asker < ASKERS; asker++) {
            others.add(ask("a"));
        }
        Await.until("all wait", () -> runs.sharersOfNext("a") == ASKERS);
        mayEnd.countDown();

        // The first run may have read the counts before the others asked.
        assertThat(run(first)).isEqualTo(1);
        for (var other : others) {
            assertThat(run(other)).isEqualTo(2);
        }
        assertThat(begun).hasValue(2);
    }

    @Test
    void releasesAnAnswerWhenNobodyNeedsItAnyMore() throws Exception {
        var first = ask("a");
        Await.until("the first run has begun", () -> begun.get() == 1);
        var second = ask("a");
        var third = ask("a");
        Await.until("both wait", () -> runs.sharersOfNext("a") == 2);
        mayEnd.countDown();

        var share = second.get(1, TimeUnit.MINUTES);
        first.get(1, TimeUnit.MINUTES).close();
        assertThat(released).hasValue(1);
        share.close();
        share.close();
        assertThat(released).hasValue(1);
        third.get(1, TimeUnit.MINUTES).close();
        assertThat(released).hasValue(2);
    }

    @Test
    void runsDifferentQuestionsAtTheSameTime() throws Exception {
        var one = ask("a");
        var other = ask("b");
        Await.until("both have begun", () -> begun.get() == 2);
        mayEnd.countDown();

        assertThat(run(one) + run(other)).isEqualTo(3);
    }

    @Test
    void runsAgainForAQuestionThatIsAskedLater() throws Exception {
        mayEnd.countDown();

        assertThat(run(ask("a"))).isEqualTo(1);
        assertThat(run(ask("a"))).isEqualTo(2);
    }

    @Test
    void tellsAFailureToAllSharersAndThenRunsAgain() throws Exception {
        var first = ask("a");
        Await.until("the first run has begun", () -> begun.get() == 1);
        Callable<Answer> failing = () -> {
            throw new IOException("broken");
        };
        List<Future<?>> others =
                List.of(threads.submit(() -> get(runs, "a", failing)), threads.submit(() -> get(runs, "a", failing)));
        Await.until("both wait", () -> runs.sharersOfNext("a") == 2);
        mayEnd.countDown();

        for (Future<?> other : others) {
            assertThatThrownBy(() -> other.get(1, TimeUnit.MINUTES)).hasRootCauseMessage("broken");
        }
        first.get(1, TimeUnit.MINUTES);
        assertThat(run(ask("a"))).isEqualTo(2);
    }

    @Test
    void releasesAnAnswerThatIsMadeAfterAllWhoAskedHaveLeft() throws Exception {
        var share = runs.join("a");
        var asked = threads.submit(() -> share.await(this::answer));
        Await.until("the run has begun", () -> begun.get() == 1);
        share.close();
        assertThat(released).hasValue(0);
        mayEnd.countDown();

        asked.get(1, TimeUnit.MINUTES);
        Await.until("the answer is released", () -> released.get() == 1);
    }

    @Test
    void doesNotMakeAnAnswerThatAllHaveLeftBeforeItsTurn() throws Exception {
        var first = ask("a");
        Await.until("the first run has begun", () -> begun.get() == 1);
        var share = runs.join("a");
        var left = threads.submit(() -> share.await(this::answer));
        share.close();
        var second = ask("a");
        var third = ask("a");
        Await.until("both wait for another run", () -> runs.sharersOfNext("a") == 2);
        mayEnd.countDown();

        assertThatThrownBy(() -> left.get(1, TimeUnit.MINUTES)).hasRootCauseInstanceOf(SQLException.class);
        assertThat(run(first)).isEqualTo(1);
        assertThat(run(second)).isEqualTo(2);
        assertThat(run(third)).isEqualTo(2);
        assertThat(begun).hasValue(2);
    }

    @Test
    void continuesForThoseWhoStay() throws Exception {
        var share = runs.join("a");
        var stays = runs.join("a");
        var performer = threads.submit(() -> share.await(this::answer));
        Await.until("the run has begun", () -> begun.get() == 1);
        share.close();
        mayEnd.countDown();

        performer.get(1, TimeUnit.MINUTES);
        assertThat(stays.await(this::answer).run()).isEqualTo(1);
        assertThat(released).hasValue(0);
        stays.close();
        assertThat(released).hasValue(1);
    }

    @Test
    void doesNotWaitForEverForTheRunBefore() throws Exception {
        var impatient = new SharedRuns<String, Answer>(Duration.ofMillis(1), this::release);
        var first = threads.submit(() -> get(impatient, "a", this::answer));
        Await.until("the first run has begun", () -> begun.get() == 1);

        assertThatThrownBy(() -> get(impatient, "a", this::answer))
                .hasMessage("The same question is being answered, and this one has waited 0 s; try again later.");
        mayEnd.countDown();
        first.get(1, TimeUnit.MINUTES);
        get(impatient, "a", this::answer).close();
    }
}
