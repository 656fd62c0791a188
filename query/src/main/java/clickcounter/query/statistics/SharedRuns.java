package clickcounter.query.statistics;

import clickcounter.counts.Cancellation;
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
/// most one run in progress and one that waits for it. A run that nobody shares any more is cancelled.
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
        private final K question;
        private final CountDownLatch previousEnded;
        private final CountDownLatch ended = new CountDownLatch(1);
        private final Cancellation cancellation = new Cancellation();
        private volatile @Nullable V answer;
        private volatile @Nullable Exception failure;
        private int sharers; // guarded by SharedRuns.this, like the next
        private boolean hasEnded;

        Run(K question, @Nullable Run previous) {
            this.question = question;
            this.previousEnded = previous == null ? new CountDownLatch(0) : previous.ended;
        }

        void perform(Callable<V> work) {
            boolean isTurn = false;
            try {
                isTurn = previousEnded.await(maxWait.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
            synchronized (SharedRuns.this) {
                waiting.remove(question, this);
                if (isTurn && sharers > 0) {
                    running.put(question, this);
                }
            }
            try {
                if (!isTurn) {
                    throw Gate.busy("The same question is being answered, and this one has waited %d s"
                            .formatted(maxWait.toSeconds()));
                }
                answer = cancellation.run(work);
            } catch (Exception failed) {
                failure = failed;
            } finally {
                end();
            }
        }

        private void end() {
            V unneeded;
            synchronized (SharedRuns.this) {
                running.remove(question, this);
                hasEnded = true;
                unneeded = sharers == 0 ? answer : null;
            }
            ended.countDown();
            if (unneeded != null) {
                release.accept(unneeded);
            }
        }
    }

    /// One caller's share of an answer that may not exist yet. The caller must close it.
    final class Share implements AutoCloseable {
        private final Run run;
        private final boolean isFirst;
        private boolean isClosed; // guarded by SharedRuns.this

        private Share(Run run, boolean isFirst) {
            this.run = run;
            this.isFirst = isFirst;
        }

        /// Returns an answer that `work` or that of someone else makes. If all have closed their shares before it is
        /// made, what it asks the database is cancelled.
        ///
        /// **Errors**: what `work` throws; [Refusal] with status 503 if the run before takes too long.
        V await(Callable<V> work) throws Exception {
            if (isFirst) {
                run.perform(work);
            } else {
                run.ended.await();
            }
            V answer = run.answer;
            if (answer == null) {
                Exception failure = run.failure;
                throw failure == null ? new IllegalStateException("the run of the same question has died") : failure;
            }
            return answer;
        }

        /// Gives the share back.
        ///
        /// **Threads**: any, also while another one waits for the answer.
        @Override
        public void close() {
            boolean hasEnded;
            synchronized (SharedRuns.this) {
                if (isClosed) {
                    return;
                }
                isClosed = true;
                if (--run.sharers > 0) {
                    return;
                }
                hasEnded = run.hasEnded;
                // Who asks from now on needs a run that is not cancelled.
                waiting.remove(run.question, run);
            }
            V answer = run.answer;
            if (!hasEnded) {
                run.cancellation.cancel();
            } else if (answer != null) {
                release.accept(answer);
            }
        }
    }

    /// Asks a question: the share is one of an answer that is made after this call.
    synchronized Share join(K question) {
        Run waitingRun = waiting.get(question);
        Run run = waitingRun == null ? new Run(question, running.get(question)) : waitingRun;
        waiting.put(question, run);
        run.sharers++;
        return new Share(run, waitingRun == null);
    }

    /// How many share the run of `question` that has not begun, for tests.
    synchronized int sharersOfNext(K question) {
        Run next = waiting.get(question);
        return next == null ? 0 : next.sharers;
    }
}
