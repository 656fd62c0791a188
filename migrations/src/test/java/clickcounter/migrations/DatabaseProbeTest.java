package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.testing.FaultyProxy;
import clickcounter.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

final class DatabaseProbeTest {
    @Test
    void theFirstQuestionAfterTheReturnOfTheDatabaseIsAnswered() throws Exception {
        var database = TestDatabase.create();
        try (var proxy = FaultyProxy.start(database.url());
                var probe = new DatabaseProbe(DatabaseSettings.of(proxy.url(database.url())), "some-probe")) {
            assertThat(probe.ask(DatabaseProbeTest::name)).isEqualTo("some-probe");

            proxy.refuse();
            proxy.cutAll();
            for (int attempt = 0; attempt < 20; attempt++) {
                assertThatThrownBy(() -> probe.ask(DatabaseProbeTest::name)).isInstanceOf(SQLException.class);
            }
            proxy.accept();

            assertThat(probe.ask(DatabaseProbeTest::name)).isEqualTo("some-probe");
        }
    }

    @Test
    void aConnectionThatWasLostBetweenTwoQuestionsIsReplaced() throws Exception {
        var database = TestDatabase.create();
        try (var proxy = FaultyProxy.start(database.url());
                var probe = new DatabaseProbe(DatabaseSettings.of(proxy.url(database.url())), "some-probe")) {
            probe.ask(DatabaseProbeTest::name);

            proxy.cutAll();

            assertThat(probe.ask(DatabaseProbeTest::name)).isEqualTo("some-probe");
        }
    }

    @Test
    void theServerGivesUpWhatTheProbeNoLongerWaitsFor() throws Exception {
        var database = TestDatabase.create();
        try (var probe = new DatabaseProbe(DatabaseSettings.of(database.url()), "some-probe")) {
            String timeout = probe.ask(connection -> text(connection, "show statement_timeout"));

            assertThat(timeout).isNotEqualTo("0");
        }
    }

    private static String name(Connection connection) throws SQLException {
        return text(connection, "show application_name");
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
