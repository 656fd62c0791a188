package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.testing.Await;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.LogLines;
import clickcounter.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DatabaseTest {
    private final TestDatabase database = TestDatabase.create();

    @AfterEach
    void drop() {
        database.close();
    }

    @Test
    void connectsUnderItsNameWithLimits() throws SQLException {
        new Schema(DatabaseSettings.of(database.url())).up();

        try (var pool = Database.connect(DatabaseSettings.of(database.url()), "some-process", 2);
                Connection connection = pool.connection()) {
            assertThat(connection.getAutoCommit()).isTrue();
            assertThat(text(connection, "show application_name")).isEqualTo("some-process");
            assertThat(text(connection, "show statement_timeout")).isEqualTo("30s");
            assertThat(text(connection, "show idle_in_transaction_session_timeout"))
                    .isEqualTo("30s");
        }
    }

    @Test
    void refusesASchemaThatIsTooOld() {
        assertThatThrownBy(() -> connect(database.url()))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The schema of the database %s has version 0, this release needs 3: run ./migrate.sh -up.",
                        DatabaseUrl.parse(database.url()));
    }

    @Test
    void refusesASchemaThatIsTooNew() {
        DatabaseSettings settings = DatabaseSettings.of(database.url());
        new Schema(settings, new Lifetime(), Migrations.in("clickcounter/migrations/newer")).up();

        assertThatThrownBy(() -> connect(database.url()))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The schema of the database %s has version 9, this release knows only 3: install the newer"
                                + " release, or take the schema back with that one's ./migrate.sh -goto 3.",
                        settings.url());
    }

    @Test
    void refusesASchemaOfWhichAMigrationFailed() throws SQLException {
        DatabaseSettings settings = DatabaseSettings.of(database.url());
        new Schema(settings).up();
        try (Connection connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("update flyway_schema_history set success = false");
        }

        assertThatThrownBy(() -> connect(database.url()))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "A migration of the database %s has failed halfway: see ./migrate.sh -status and -fix.",
                        settings.url());
    }

    @Test
    void saysThatNothingAnswers() throws IOException {
        int port;
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }

        assertThatThrownBy(() -> connect("postgres://user:secret@127.0.0.1:%d/clicks".formatted(port)))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The database 127.0.0.1:%d/clicks cannot be used: nothing answers there. Start it, or correct"
                                + " DATABASE_URL.",
                        port);
    }

    @Test
    void saysThatThereIsNoSuchHost() {
        assertThatThrownBy(() -> connect("postgres://user:secret@no-such-host.invalid/clicks"))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The database no-such-host.invalid:5432/clicks cannot be used: there is no host of that name."
                                + " Correct DATABASE_URL.");
    }

    @Test
    void saysThatTheDatabaseDoesNotExist() {
        String url = database.url().replaceFirst("/test_\\d+$", "/elsewhere");

        assertThatThrownBy(() -> connect(url))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The database %s cannot be used: it does not exist. Create it (createdb elsewhere), or correct"
                                + " DATABASE_URL.",
                        DatabaseUrl.parse(url));
    }

    @Test
    void saysThatTheServerHasNoTls() {
        assertThatThrownBy(() -> connect(database.url() + "?sslmode=require"))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The database %s cannot be used: The server does not support SSL. Correct" + " DATABASE_URL.",
                        DatabaseUrl.parse(database.url()));
    }

    /// As when the machine starts, or is so busy that the server is late.
    @Test
    void waitsForAServerThatStarts() throws Exception {
        try (var proxy = FaultyProxy.start(database.url());
                var log = new LogLines(FirstConnection.class);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            new Schema(DatabaseSettings.of(database.url())).up();
            proxy.refuse();
            var settings = DatabaseSettings.of(proxy.url(database.url()));
            Future<Database> started = threads.submit(() -> Database.connect(settings, "test", 2));
            Await.until("it says that it waits", () -> !log.lines().isEmpty());
            proxy.accept();

            started.get(1, TimeUnit.MINUTES).close();
            assertThat(log.lines().getFirst())
                    .startsWith("WARN waiting up to 120 s for the database: The database %s cannot be used: "
                            .formatted(settings.url()));
        }
    }

    @Test
    void doesNotWaitForTheDatabaseWhenAskedToStop() throws Exception {
        try (var proxy = FaultyProxy.start(database.url());
                var log = new LogLines(FirstConnection.class);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            proxy.refuse();
            var lifetime = new Lifetime();
            var settings = DatabaseSettings.of(proxy.url(database.url()));
            Future<?> change = threads.submit(() -> new Schema(settings, lifetime).up());
            Await.until("it says that it waits", () -> !log.lines().isEmpty());
            lifetime.end(ExitCode.STOPPED, "test");

            assertThatThrownBy(() -> change.get(1, TimeUnit.MINUTES)).hasCauseInstanceOf(StartFailure.class);
        }
    }

    @Test
    void doesNotWaitForWhatOnlyAnOperatorCanChange() {
        String password = database.url().replaceFirst("://[^@]*@", "://nobody:wrong@");
        String missing = database.url().replaceFirst("/test_\\d+$", "/elsewhere");
        for (String url : List.of(password, missing, database.url() + "?sslmode=require")) {
            try (var log = new LogLines(FirstConnection.class)) {
                assertThatThrownBy(() -> Database.connect(DatabaseSettings.of(url), "test", 2))
                        .isInstanceOf(StartFailure.class);
                assertThat(log.lines()).as(url).isEmpty();
            }
        }
    }

    @Test
    void givesUpAServerThatAcceptsAndSaysNothing() throws IOException {
        try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String url = "postgres://user@127.0.0.1:%d/clicks?connect_timeout=1".formatted(silent.getLocalPort());

            assertThatThrownBy(() -> connect(url))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("Connection attempt timed out.");
        }
    }

    private static void connect(String url) {
        Database.connect(DatabaseSettings.of(url).withoutWaiting(), "test", 2).close();
    }

    private static String text(Connection connection, String query) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }
}
