package clickcounter.query.statistics;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Answers a question once for all who ask it at the same time.
///
/// An answer must contain all clicks that were acknowledged before the question. A run that has begun may already
/// have read the counts, so a new question does not join it but shares the next run. At any time a question has at
/// most one run in progress and one that waits for it.
///
/// **Threads**: any.
///
/// @param <K> a question, which must equal the same question of others
/// @param <V> an answer
final class SharedRuns<K, V> {
    private final Duration maxWait;
    private final Consumer<V> release;
    private final Map<K, Run> running = new HashMap<>();
    private final Map<K, Run> waiting = new HashMap<>();

    /// @param maxWait how long to wait for the end of the run before
    /// @param release takes an answer that nobody needs any more
    SharedRuns(Duration maxWait, Consumer<V> release) {
        this.maxWait = maxWait;
        this.release = release;
    }

    /// One run, and those who share it.
    private final class Run {
        private final CountDownLatch previousEnded;
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile @Nullable V answer;
        private volatile @Nullable Exception failure;
        private int sharers; // guarded by SharedRuns.this

        Run(@Nullable Run previous) {
            this.previousEnded = previous == null ? new CountDownLatch(0) : previous.ended;
        }

        void perform(K question, Callable<V> work) {
            boolean isTurn = false;
            try {
                isTurn = previousEnded.await(maxWait.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
            synchronized (SharedRuns.this) {
                waiting.remove(question);
                if (isTurn) {
                    running.put(question, this);
                }
            }
            try {
                if (!isTurn) {
                    throw Gate.busy("The same question is being answered, and this one has waited %d s"
                            .formatted(maxWait.toSeconds()));
                }
                answer = work.call();
            } catch (Exception failed) {
                failure = failed;
            } finally {
                synchronized (SharedRuns.this) {
                    running.remove(question, this);
                }
                ended.countDown();
            }
        }
    }

    /// One share of an answer.
    final class Share implements AutoCloseable {
        private final Run run;
        private final V answer;
        private boolean isClosed;

        private Share(Run run, V answer) {
            this.run = run;
            this.answer = answer;
        }

        V answer() {
            return answer;
        }

        @Override
        public void close() {
            if (!isClosed) {
                isClosed = true;
                leave(run);
            }
        }
    }

    /// Returns an answer that `work` or that of someone else makes after this call.
    ///
    /// **Errors**: what `work` throws; [Refusal] with status 503 if the run before takes too long.
    Share get(K question, Callable<V> work) throws Exception {
        Run run;
        boolean isFirst;
        synchronized (this) {
            Run waitingRun = waiting.get(question);
            isFirst = waitingRun == null;
            run = waitingRun == null ? new Run(running.get(question)) : waitingRun;
            waiting.put(question, run);
            run.sharers++;
        }
        boolean hasShare = false;
        try {
            if (isFirst) {
                run.perform(question, work);
            } else {
                run.ended.await();
            }
            V answer = run.answer;
            if (answer == null) {
                Exception failure = run.failure;
                throw failure == null ? new IllegalStateException("the run of the same question has died") : failure;
            }
            hasShare = true;
            return new Share(run, answer);
        } finally {
            if (!hasShare) {
                leave(run);
            }
        }
    }

    /// How many share the run of `question` that has not begun, for tests.
    synchronized int sharersOfNext(K question) {
        Run next = waiting.get(question);
        return next == null ? 0 : next.sharers;
    }

    private void leave(Run run) {
        boolean isLast;
        synchronized (this) {
            isLast = --run.sharers == 0;
        }
        V answer = run.answer;
        if (isLast && answer != null) {
            release.accept(answer);
        }
    }
}
