package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.Gate.Pass;
import clickcounter.testing.Await;
import io.helidon.http.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class GateTest {
    private static final Cost CHEAP = new Cost(1_000, 10, true);
    private static final Cost SLOW = new Cost(1_000, 10, false);
    private static final Cost HALF_OF_THE_MEMORY = new Cost(Gate.MAX_BYTES / 2 + 10_000, 10, true);

    /// Two places for expensive questions, eight for cheap ones.
    private static final int CONNECTIONS = 10;

    private final Gate patient = new Gate(CONNECTIONS, Duration.ofMinutes(1));
    private final Gate impatient = new Gate(CONNECTIONS, Duration.ZERO);

    @AutoClose
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private static void assertBusy(Callable<?> admission) {
        assertThatThrownBy(admission::call)
                .isInstanceOfSatisfying(
                        Refusal.class,
                        refusal -> assertThat(refusal.problem().status()).isEqualTo(Status.SERVICE_UNAVAILABLE_503));
    }

    @Test
    void letsInFewExpensiveQuestions() throws Exception {
        Pass first = impatient.admit(SLOW);
        impatient.admit(SLOW);

        assertBusy(() -> impatient.admit(SLOW));
        first.close();
        impatient.admit(SLOW);
    }

    @Test
    void letsCheapQuestionsOvertake() throws Exception {
        patient.admit(SLOW);
        Pass second = patient.admit(SLOW);
        Future<Pass> third = threads.submit(() -> patient.admit(SLOW));
        Await.until("the third waits", () -> patient.waiting() == 1);

        patient.admit(CHEAP).close();

        assertThat(third.isDone()).isFalse();
        second.close();
        third.get(1, TimeUnit.MINUTES).close();
    }

    @Test
    void letsInAsManyCheapQuestionsAsThereAreConnectionsLeft() throws Exception {
        for (int question = 0; question < 8; question++) {
            impatient.admit(CHEAP);
        }
        assertBusy(() -> impatient.admit(CHEAP));
    }

    @Test
    void doesNotHandOutMemoryTwice() throws Exception {
        Pass first = impatient.admit(HALF_OF_THE_MEMORY);

        assertBusy(() -> impatient.admit(HALF_OF_THE_MEMORY));
        impatient.admit(SLOW).close();
        first.leaveDatabase();
        assertBusy(() -> impatient.admit(HALF_OF_THE_MEMORY));
        first.close();
        impatient.admit(HALF_OF_THE_MEMORY).close();
    }

    @Test
    void letsAQuestionThatNeedsMoreThanThereIsRunAlone() throws Exception {
        Pass pass = impatient.admit(new Cost(Long.MAX_VALUE / 2, 10, true));

        assertBusy(() -> impatient.admit(SLOW));
        pass.close();
        impatient.admit(SLOW).close();
    }

    @Test
    void letsTheNextQuestionInWhenTheDatabaseHasAnswered() throws Exception {
        impatient.admit(SLOW).leaveDatabase();
        impatient.admit(SLOW).leaveDatabase();

        impatient.admit(SLOW);
    }

    @Test
    void movesAQuestionThatMustReadMoreToTheExpensiveOnes() throws Exception {
        Pass pass = impatient.admit(CHEAP);
        pass.readMore(1_000_000);

        assertThat(pass.maxRead()).isEqualTo(1_000_000);
        for (int question = 0; question < 8; question++) {
            impatient.admit(CHEAP);
        }
        pass.close();
        pass.close();
        impatient.admit(SLOW);
        impatient.admit(SLOW);
        assertBusy(() -> impatient.admit(SLOW));
    }

    @Test
    void holdsNothingWhenThereIsNoRoomToReadMore() throws Exception {
        impatient.admit(HALF_OF_THE_MEMORY);
        for (int attempt = 0; attempt < 20; attempt++) {
            Pass pass = impatient.admit(CHEAP);
            assertBusy(() -> {
                pass.readMore(Integer.MAX_VALUE);
                return pass;
            });
            pass.close();
        }
    }

    @Test
    void lets1000QuestionsWaitAndNoMore() throws Exception {
        Pass first = patient.admit(SLOW);
        patient.admit(SLOW);
        List<Future<?>> others = new ArrayList<>();
        for (int question = 0; question < Gate.MAX_WAITING; question++) {
            others.add(threads.submit(() -> {
                patient.admit(SLOW).close();
                return null;
            }));
        }
        Await.until("all wait", () -> patient.waiting() == Gate.MAX_WAITING);

        assertThatThrownBy(() -> patient.admit(SLOW)).hasMessage("More than 1000 questions wait; try again later.");
        first.close();
        for (Future<?> other : others) {
            other.get(1, TimeUnit.MINUTES);
        }
    }

    @Test
    void saysHowLongAQuestionHasWaited() throws Exception {
        impatient.admit(SLOW);
        impatient.admit(SLOW);

        assertThatThrownBy(() -> impatient.admit(SLOW))
                .hasMessage("Other questions are being answered, and this one has waited 0 s; try again later.");
    }
}
