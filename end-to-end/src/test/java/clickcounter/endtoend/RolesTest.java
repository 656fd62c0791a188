package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.endtoend.ServiceProcess.Program;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.testing.Await;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The processes with the database roles of `config/roles.sql`, and what these roles may not do.
final class RolesTest {
    private static final String AGGREGATOR = "clickcounter_aggregator";
    private static final String QUERY = "clickcounter_query";
    private static final String PASSWORD = "not-a-secret";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    @TempDir
    Path folder;

    @Test
    void theProcessesDoTheirWorkWithThem() throws IOException, SQLException {
        try (TestDatabase database = TestDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            makeRoles(database);
            assertThat(service.aggregator().stop()).isZero();
            assertThat(service.query().stop()).isZero();
            ServiceProcess aggregator =
                    service.launch("aggregator-role", Program.AGGREGATOR, databaseOf(database, AGGREGATOR));
            service.handOverTo(aggregator);
            service.launch("query-role", Program.QUERY, databaseOf(database, QUERY))
                    .awaitReady();
            aggregator.awaitReady();

            try (var connection = new ClickConnection(service.port())) {
                for (int click = 0; click < 100; click++) {
                    assertThat(connection.click(7)).isEqualTo(204);
                }
            }
            assertThat(service.totalClicks(7)).isEqualTo(100);
            Await.until("all clicks are in the database", () -> clicks(database) == 100);
            assertThat(aggregator.stop()).as(aggregator::output).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "delete from banner_minute",
                "truncate banner_minute",
                "delete from click_log",
                "drop table click_log",
                "update flyway_schema_history set success = false",
                "create table mine (id int)",
                "create temporary table mine (id int)",
                "create role friend",
                "select * from pg_authid",
                "copy click_log to program 'cat'"
            })
    void neitherMayDoMore(String sql) throws IOException, SQLException {
        assertRefused(sql, AGGREGATOR, QUERY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into banner_minute values (1, now(), 1)",
                "update banner_minute set clicks = 1",
                "update click_log set last_index = 1",
                "select * from click_log for update"
            })
    void queryMayOnlyRead(String sql) throws IOException, SQLException {
        assertRefused(sql, QUERY);
    }

    private void assertRefused(String sql, String... roles) throws IOException, SQLException {
        try (TestDatabase database = TestDatabase.create()) {
            new Schema(DatabaseSettings.of(database.url())).up();
            makeRoles(database);
            for (String role : List.of(roles)) {
                try (Connection connection = connect(database, role);
                        var statement = connection.createStatement()) {
                    assertThatThrownBy(() -> statement.execute(sql))
                            .as(role)
                            .isInstanceOfSatisfying(
                                    SQLException.class,
                                    refusal -> assertThat(refusal.getSQLState())
                                            .as(refusal.getMessage())
                                            .isEqualTo(INSUFFICIENT_PRIVILEGE));
                }
            }
        }
    }

    private static void makeRoles(TestDatabase database) throws IOException, SQLException {
        try (Connection connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute(Files.readString(ServiceProcess.ROOT.resolve("config/roles.sql")));
            for (String role : List.of(AGGREGATOR, QUERY)) {
                statement.execute("alter role %s password '%s'".formatted(role, PASSWORD));
            }
        }
    }

    private static Map<String, String> databaseOf(TestDatabase database, String role) {
        return Map.of("DATABASE_URL", database.url().replaceFirst("//[^@]*@", "//%s:%s@".formatted(role, PASSWORD)));
    }

    private static Connection connect(TestDatabase database, String role) throws SQLException {
        return DriverManager.getConnection(
                database.url().replaceFirst("postgres://[^@]*@", "jdbc:postgresql://"), role, PASSWORD);
    }

    private static long clicks(TestDatabase database) throws SQLException {
        try (Connection connection = database.connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery("select coalesce(sum(clicks), 0) from banner_minute")) {
            row.next();
            return row.getLong(1);
        }
    }
}
