package clickcounter.counts;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.testing.Await;
import clickcounter.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CancellationTest {
    private static final String CANCELLED = "canceling statement due to user request";

    @AutoClose
    private final TestDatabase database = TestDatabase.create();

    @AutoClose
    private final Connection connection = database.connect();

    private final Cancellation cancellation = new Cancellation();

    CancellationTest() throws SQLException {}

    private boolean run(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            return statement.execute(sql);
        }
    }

    @Test
    void cancelsAStatementThatBeginsAfterTheFirstAttempt() {
        Thread canceller = Thread.ofPlatform().unstarted(cancellation::cancel);
        assertThatThrownBy(() -> cancellation.run(() -> {
                    try (var _ = Cancellation.asks(connection)) {
                        canceller.start();
                        Await.until(
                                "the database has ignored the first attempt",
                                () -> canceller.getState() == Thread.State.TIMED_WAITING);
                        return run("select pg_sleep(3600)");
                    }
                }))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining(CANCELLED);
        Await.until("it has ended", () -> !canceller.isAlive());
    }

    @Test
    void refusesStatementsThatBeginLater() {
        assertThatThrownBy(() -> cancellation.run(() -> {
                    cancellation.cancel();
                    try (var _ = Cancellation.asks(connection)) {
                        return run("select 1");
                    }
                }))
                .hasMessage("the clients have gone");
        assertThatThrownBy(() -> cancellation.run(() -> run("select 1"))).hasMessage("the clients have gone");
    }

    @Test
    void leavesStatementsThatAreNoLongerOfTheQuestion() throws Exception {
        cancellation.run(() -> {
            try (var _ = Cancellation.asks(connection)) {
                return run("select 1");
            }
        });

        cancellation.cancel();

        run("select pg_sleep(0.1)");
    }
}
