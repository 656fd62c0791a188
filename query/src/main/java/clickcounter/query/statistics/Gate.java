package clickcounter.query.statistics;

import clickcounter.query.http.Refusal;
import io.helidon.http.Status;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Lets in as many questions at a time as there is memory and as there are connections to the database for. The
/// others wait outside, where they hold nothing, and not for long.
///
/// There are two lanes. Cheap questions have one of their own, so that they overtake expensive ones. In each lane
/// the first to come is the first to go in.
///
/// **Threads**: any.
final class Gate {
    /// The memory for expensive answers. The rest of the heap is for kept clicks, cheap answers and connections.
    static final long MAX_BYTES = Runtime.getRuntime().maxMemory() / 8 * 3;

    /// The memory for cheap answers.
    private static final long MAX_CHEAP_BYTES = Runtime.getRuntime().maxMemory() / 8;

    /// How many questions may wait; there may be as many connections as the settings allow.
    static final int MAX_WAITING = 1_000;

    private static final int CONNECTIONS_PER_EXPENSIVE_QUESTION = 5;

    private final Lane cheap;
    private final Lane expensive;
    private final Duration maxWait;
    private final AtomicInteger waiting = new AtomicInteger();

    /// @param connections how many connections to the database there are
    /// @param maxWait how long a question may wait
    Gate(int connections, Duration maxWait) {
        int expensiveQuestions = Math.max(1, connections / CONNECTIONS_PER_EXPENSIVE_QUESTION);
        this.expensive = Lane.of(expensiveQuestions, MAX_BYTES);
        this.cheap = Lane.of(Math.max(1, connections - expensiveQuestions), MAX_CHEAP_BYTES);
        this.maxWait = maxWait;
    }

    /// @param places one for each question that is being answered
    /// @param kibibytes one for each KiB, because a semaphore has no more than two billion permits
    private record Lane(Semaphore places, Semaphore kibibytes, int maxKibibytes) {
        static Lane of(int places, long bytes) {
            int kibibytes = (int) Math.min(Integer.MAX_VALUE, bytes >> 10);
            return new Lane(new Semaphore(places, true), new Semaphore(kibibytes, true), kibibytes);
        }

        boolean enter(int neededKibibytes, Duration maxWait) throws InterruptedException {
            long deadlineNs = System.nanoTime() + maxWait.toNanos();
            if (!places.tryAcquire(maxWait.toNanos(), TimeUnit.NANOSECONDS)) {
                return false;
            }
            boolean hasEntered = false;
            try {
                hasEntered = kibibytes.tryAcquire(
                        neededKibibytes, Math.max(0, deadlineNs - System.nanoTime()), TimeUnit.NANOSECONDS);
                return hasEntered;
            } finally {
                if (!hasEntered) {
                    places.release();
                }
            }
        }
    }

    /// How many questions wait.
    int waiting() {
        return waiting.get();
    }

    /// Waits until there is room for a question.
    ///
    /// **Errors**: [Refusal] with status 503 if there is none for too long, or too many others wait.
    Pass admit(Cost cost) throws Refusal {
        return admit(cost, maxWait);
    }

    /// @param maxWait how long this question may wait
    Pass admit(Cost cost, Duration maxWait) throws Refusal {
        var pass = new Pass();
        pass.enter(cost, maxWait);
        return pass;
    }

    /// The right to answer one question. The thread that computes the answer holds it first; then those who send the
    /// answer share it until the last of them is done.
    ///
    /// **Threads**: one at a time.
    final class Pass implements AutoCloseable {
        private Cost cost = new Cost(0, 0, true);
        private Lane lane = cheap;
        private int kibibytes;
        private boolean hasPlace;

        private void enter(Cost needed, Duration maxWait) throws Refusal {
            Lane entered = needed.isCheap() ? cheap : expensive;
            // What would need more than there is has the whole lane to itself.
            int neededKibibytes = (int) Math.min(entered.maxKibibytes, (needed.bytes() >> 10) + 1);
            try {
                if (waiting.incrementAndGet() > MAX_WAITING) {
                    throw busy("More than %d questions wait".formatted(MAX_WAITING));
                }
                if (!entered.enter(neededKibibytes, maxWait)) {
                    throw busy("Other questions are being answered, and this one has waited %d s"
                            .formatted(maxWait.toSeconds()));
                }
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
                throw busy("The process is being stopped");
            } finally {
                waiting.decrementAndGet();
            }
            cost = needed;
            lane = entered;
            kibibytes = neededKibibytes;
            hasPlace = true;
        }

        /// How many counts of one unit may be read.
        int maxRead() {
            return cost.maxRead();
        }

        /// Goes out and waits again after [MoreToRead]. Nothing that was read may be kept meanwhile.
        void readMore(int maxRead) throws Refusal {
            close();
            enter(cost.withMaxRead(maxRead), maxWait);
        }

        /// Lets another question in when the database has answered. The memory is still needed.
        void leaveDatabase() {
            if (hasPlace) {
                lane.places.release();
                hasPlace = false;
            }
        }

        @Override
        public void close() {
            leaveDatabase();
            lane.kibibytes.release(kibibytes);
            kibibytes = 0;
        }
    }

    static Refusal busy(String reason) {
        return new Refusal(Status.SERVICE_UNAVAILABLE_503, reason + "; try again later.");
    }
}
