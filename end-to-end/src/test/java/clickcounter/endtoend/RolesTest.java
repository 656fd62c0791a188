package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.Program;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
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

    private static TestDatabase database;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeRoles() throws IOException {
        database = MigratedDatabase.create();
        database.execute(Files.readString(TestProcess.ROOT.resolve("config/roles.sql")));
        for (String role : List.of(AGGREGATOR, QUERY)) {
            database.execute("alter role %s password '%s'".formatted(role, PASSWORD));
        }
    }

    @AfterAll
    static void dropDatabase() {
        database.close();
    }

    @Test
    void theProcessesDoTheirWorkWithThem() throws IOException {
        try (Service service = Service.start(folder, urlFor(AGGREGATOR), Map.of())) {
            service.query().stopCleanly();
            service.launch("query", Program.QUERY, Map.of("DATABASE_URL", urlFor(QUERY)))
                    .awaitReady();

            try (var connection = new ClickClient(service.port())) {
                for (int click = 0; click < 100; click++) {
                    assertThat(connection.click(7)).isEqualTo(204);
                }
            }
            assertThat(service.totalClicks(7)).isEqualTo(100);
            database.awaitClicks(100);
            service.stop();
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
    void neitherMayDoMore(String sql) throws SQLException {
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
    void queryMayOnlyRead(String sql) throws SQLException {
        assertRefused(sql, QUERY);
    }

    private static void assertRefused(String sql, String... roles) throws SQLException {
        for (String role : List.of(roles)) {
            try (Connection connection = DriverManager.getConnection(
                            database.url().replaceFirst("postgres://[^@]*@", "jdbc:postgresql://"), role, PASSWORD);
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

    private static String urlFor(String role) {
        return database.url().replaceFirst("//[^@]*@", "//%s:%s@".formatted(role, PASSWORD));
    }
}
