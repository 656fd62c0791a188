package clickcounter.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QueryTest {
    @TempDir
    private Path folder;

    private QuerySettings settings(String databaseUrl, int port) {
        return QuerySettings.read(new SettingsReader(Map.of(
                "DATABASE_URL",
                databaseUrl,
                "DATABASE_START_TIMEOUT",
                "0s",
                "DATA_DIR",
                folder.toString(),
                "QUERY_PORT",
                Integer.toString(port))));
    }

    private static Set<String> ourThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(Set.of("log-tail", "position", "refusals")::contains)
                .collect(Collectors.toSet());
    }

    @Test
    void startsWithoutALogAndMakesOne() throws SQLException {
        try (var database = TestDatabase.create()) {
            new Schema(DatabaseSettings.of(database.url())).up();
            try (var query = Query.start(settings(database.url(), 0), new Lifetime())) {
                assertThat(query.port()).isPositive();
                assertThat(ourThreads()).hasSize(3);
            }
            assertThat(ourThreads()).isEmpty();
        }
        assertThat(Files.exists(folder.resolve("log/log.id"))).isTrue();
    }

    @Test
    void refusesToStartWithoutTheSchema() {
        try (var database = TestDatabase.create()) {
            assertThatThrownBy(() -> Query.start(settings(database.url(), 0), new Lifetime()))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("has version 0, this release needs 3: run ./migrate.sh -up.");
        }
    }

    @Test
    void refusesToStartWithoutTheDatabase() {
        assertThatThrownBy(() -> Query.start(settings("postgres://a@127.0.0.1:1/b", 0), new Lifetime()))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("The database 127.0.0.1:1/b cannot be used: nothing answers there.");
    }

    @Test
    void closesWhatItOpenedWhenItsPortIsTaken() throws IOException {
        try (var database = TestDatabase.create();
                var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            new Schema(DatabaseSettings.of(database.url())).up();

            assertThatThrownBy(() -> Query.start(settings(database.url(), taken.getLocalPort()), new Lifetime()))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("set QUERY_PORT to another port");
            assertThat(ourThreads()).isEmpty();
        }
    }
}
