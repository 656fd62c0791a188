package clickcounter.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.testing.FaultyProxy.CutPoint;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FaultyProxyTest {
    /// From its fifth run on, pgjdbc gives a statement a name and does not parse it again.
    private static final int RUNS_UNTIL_PREPARED = 8;

    private final TestDatabase database = TestDatabase.create();
    private final FaultyProxy proxy = FaultyProxy.start(database.url());

    @BeforeEach
    void createTable() {
        database.execute("create table seen (number int)");
    }

    @AfterEach
    void close() {
        proxy.close();
        database.close();
    }

    @Test
    void passesOnWhatIsSaid() throws SQLException {
        try (Connection connection = connect("")) {
            connection.setAutoCommit(false);
            for (int number = 0; number < RUNS_UNTIL_PREPARED; number++) {
                insert(connection, number);
                connection.commit();
            }
            insert(connection, -1);
            connection.rollback();
        }
        assertThat(seen()).isEqualTo(RUNS_UNTIL_PREPARED);
    }

    @ParameterizedTest
    @CsvSource({
        "BEFORE_SERVER_SEES_IT, 0, ''",
        "BEFORE_SERVER_SEES_IT, 8, ''",
        "BEFORE_SERVER_SEES_IT, 0, preferQueryMode=simple",
        "AFTER_SERVER_HAS_IT,   0, ''",
        "AFTER_SERVER_HAS_IT,   8, ''",
        "AFTER_SERVER_HAS_IT,   0, preferQueryMode=simple",
        "AFTER_SERVER_ANSWERED, 0, ''",
        "AFTER_SERVER_ANSWERED, 8, ''",
        "AFTER_SERVER_ANSWERED, 0, preferQueryMode=simple",
    })
    void cutsAtACommitHoweverItIsSent(CutPoint point, int commitsBefore, String parameters) throws SQLException {
        try (Connection connection = connect(parameters);
                Connection other = connect("")) {
            connection.setAutoCommit(false);
            for (int number = 0; number < commitsBefore; number++) {
                insert(connection, number);
                connection.commit();
            }
            CompletableFuture<Void> cut = proxy.cutAtNextCommit(point);
            insert(connection, -1);
            assertThat(cut).isNotDone();

            assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);

            assertThat(cut).succeedsWithin(Duration.ofSeconds(10));
            assertThat(connection.isClosed()).isTrue();
            assertThat(other.isValid(10)).isTrue();
        }
        int expected = commitsBefore + (point == CutPoint.BEFORE_SERVER_SEES_IT ? 0 : 1);
        if (point != CutPoint.AFTER_SERVER_HAS_IT) {
            assertThat(seen()).isEqualTo(expected);
        }
        Await.until("the commit is done", () -> seen() == expected);
    }

    @ParameterizedTest
    @EnumSource
    void cutsOneCommitOnly(CutPoint point) throws SQLException {
        CompletableFuture<Void> cut = proxy.cutAtNextCommit(point);
        try (Connection first = connect("")) {
            first.setAutoCommit(false);
            insert(first, 1);
            assertThatThrownBy(first::commit).isInstanceOf(SQLException.class);
        }
        assertThat(cut).succeedsWithin(Duration.ofSeconds(10));
        try (Connection second = connect("")) {
            second.setAutoCommit(false);
            insert(second, 2);
            second.commit();
            assertThat(second.isValid(10)).isTrue();
        }
    }

    @Test
    void cutsAllConnectionsAndTakesNewOnes() throws SQLException {
        try (Connection first = connect("");
                Connection second = connect("")) {
            proxy.cutAll();

            assertThat(first.isValid(10)).isFalse();
            assertThat(second.isValid(10)).isFalse();
        }
        connect("").close();
    }

    @Test
    void refusesNewConnectionsUntilItAccepts() throws SQLException {
        try (Connection before = connect("")) {
            proxy.refuse();

            assertThatThrownBy(() -> connect("").close()).isInstanceOf(SQLException.class);
            assertThat(proxy.refusedConnections()).isPositive();
            assertThat(before.isValid(10)).isTrue();
        }
        proxy.accept();
        connect("").close();
    }

    @Test
    void holdsEveryByteWhileItIsStalled() throws SQLException, InterruptedException, ExecutionException {
        try (Connection connection = connect("")) {
            connection.setAutoCommit(false);
            proxy.stall();
            CompletableFuture<Void> committed = CompletableFuture.runAsync(() -> {
                try {
                    insert(connection, 1);
                    connection.commit();
                } catch (SQLException failure) {
                    throw new IllegalStateException(failure);
                }
            });
            assertThatThrownBy(() -> connect("loginTimeout=1").close()).isInstanceOf(SQLException.class);
            assertThat(committed).isNotDone();
            assertThat(seen()).isZero();

            proxy.resume();

            committed.orTimeout(10, TimeUnit.SECONDS).get();
            assertThat(seen()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closesWhoeverIsConnected(boolean isStalled) throws SQLException {
        try (Connection connection = connect("")) {
            if (isStalled) {
                proxy.stall();
            }
            proxy.close();

            assertThat(connection.isValid(10)).isFalse();
            assertThatThrownBy(() -> connect("").close()).hasMessageContaining("refused");
        }
    }

    private Connection connect(String parameters) throws SQLException {
        String url = proxy.url(database.url());
        String user = url.replaceAll(".*//(.*):.*@.*", "$1");
        String password = url.replaceAll(".*//.*:(.*)@.*", "$1");
        return DriverManager.getConnection(
                "jdbc:postgresql://" + url.substring(url.indexOf('@') + 1) + "&" + parameters, user, password);
    }

    private long seen() {
        return database.number("select count(*) from seen");
    }

    private static void insert(Connection connection, int number) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("insert into seen values (%d)".formatted(number));
        }
    }
}
