package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.ProcessMain;
import clickcounter.shared.StartFailure;
import clickcounter.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDatabaseTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /// The unpacked programs, which all tests share because unpacking takes a second.
    @TempDir
    private static Path binaries;

    @TempDir
    private Path dataDir;

    private final Lifetime lifetime = new Lifetime();

    @BeforeEach
    void shareBinaries() throws IOException {
        Files.createSymbolicLink(dataDir.resolve("postgres-binaries"), binaries);
    }

    @AfterEach
    void leaveBinaries() throws IOException {
        Files.delete(dataDir.resolve("postgres-binaries"));
    }

    @Test
    void isDurableAndTalksOnlyToThisMachine() throws Exception {
        try (var _ = start()) {
            assertThat(text("show fsync")).isEqualTo("on");
            assertThat(text("show full_page_writes")).isEqualTo("on");
            assertThat(text("show synchronous_commit")).isEqualTo("on");
            assertThat(text("show data_checksums")).isEqualTo("on");
            assertThat(text("show listen_addresses")).isEqualTo("127.0.0.1");
            assertThat(text("select current_user || ' ' || rolsuper from pg_roles where rolname = current_user"))
                    .isEqualTo("clickcounter false");
            assertThat(text("select pg_encoding_to_char(encoding) from pg_database where datname = current_database()"))
                    .isEqualTo("UTF8");
        }
    }

    @Test
    void letsNobodyInWithoutThePassword() throws Exception {
        try (var _ = start()) {
            String url = Files.readString(urlFile()).strip();
            assertThatThrownBy(() -> logIn(url.replaceFirst(":[^:@]+@", ":wrong@")))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageEndingWith(
                            "cannot be used: the password of user clickcounter is wrong. Correct DATABASE_URL.");
            for (String user : List.of("clickcounter", "postgres")) {
                assertThatThrownBy(() -> logIn(url.replaceFirst("//.*@", "//" + user + "@")))
                        .isInstanceOf(StartFailure.class)
                        .hasMessageEndingWith("cannot be used: The server requested SCRAM-based authentication, but no"
                                + " password was provided. Correct DATABASE_URL.");
            }
            assertThatThrownBy(() -> logIn(url.replaceFirst("/clickcounter$", "/elsewhere")))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageEndingWith(
                            "it does not exist. Create it (createdb elsewhere), or correct DATABASE_URL.");
            for (Path secret : List.of(urlFile(), dataDir.resolve("database.password"))) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
                        .isEqualTo("rw-------");
            }
            try (Stream<Path> files = Files.walk(binaries)) {
                assertThat(files.filter(Files::isExecutable).filter(Files::isRegularFile))
                        .isNotEmpty()
                        .allSatisfy(program -> assertThat(
                                        PosixFilePermissions.toString(Files.getPosixFilePermissions(program)))
                                .isEqualTo("rwxr-x---"));
            }
        }
    }

    @Test
    void keepsDataAndPortAndHidesItsUrlWhileItIsStopped() throws Exception {
        String url;
        try (var _ = start()) {
            url = Files.readString(urlFile());
            execute("create table kept as select 42 as answer");
        }
        assertThat(urlFile()).doesNotExist();
        assertThat(lifetime.hasEnded()).isFalse();

        try (var _ = start()) {
            assertThat(urlFile()).hasContent(url);
            assertThat(text("select answer from kept")).isEqualTo("42");
        }
    }

    @Test
    void takesOverFromAProcessThatWasKilled() throws Exception {
        Process process = startInAProcessOfItsOwn(DatabaseMain.class);
        String url = Files.readString(urlFile());
        long server = server();
        execute("create table kept as select 42 as answer");
        process.destroyForcibly();
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(text("select 42")).isEqualTo("42"); // by the server, which is an orphan now

        try (var _ = start()) {
            assertThat(server()).isNotEqualTo(server);
            assertThat(urlFile()).hasContent(url);
            assertThat(text("select answer from kept")).isEqualTo("42");
        }
    }

    @Test
    void endsWithAProcessThatWasKilledWhenItsLastClientHasGone() throws Exception {
        Process process = startInAProcessOfItsOwn(EndsWithItsProcess.class);
        ProcessHandle server = ProcessHandle.of(server()).orElseThrow();
        try (Connection connection = connect();
                var statement = connection.createStatement()) {
            process.destroyForcibly();
            Await.until("the server takes no more clients", () -> !takesClients());
            statement.execute("create table kept as select 42 as answer");
            assertThat(server.isAlive()).isTrue();
        }
        server.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

        try (var _ = start()) {
            assertThat(text("select answer from kept")).isEqualTo("42");
        }
    }

    /// The process of an embedded database that ends with it.
    static final class EndsWithItsProcess {
        public static void main(String[] arguments) {
            ProcessMain.run("database", (settings, lifetime) -> {
                EmbeddedDatabase database = DatabaseMain.start(settings, lifetime);
                database.endWithThisProcess();
                return database;
            });
        }
    }

    @Test
    void startsWhenEverythingWasKilledAndTheProcessIdBelongsToSomebodyElse() throws Exception {
        Process process = startInAProcessOfItsOwn(DatabaseMain.class);
        ProcessHandle server = ProcessHandle.of(server()).orElseThrow();
        process.destroyForcibly();
        server.destroyForcibly();
        server.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        Process somebodyElse = new ProcessBuilder("sleep", "600").start();
        try {
            List<String> lines = new ArrayList<>(Files.readAllLines(pidFile()));
            lines.set(0, Long.toString(somebodyElse.pid()));
            Files.write(pidFile(), lines);

            try (var _ = start()) {
                assertThat(text("select 1")).isEqualTo("1");
                assertThat(somebodyElse.isAlive()).isTrue();
            }
        } finally {
            somebodyElse.destroyForcibly();
        }
    }

    @Test
    void endsTheProcessWhenTheServerEndsByItself() throws Exception {
        try (var _ = start()) {
            long server = server();
            ProcessHandle.of(server).orElseThrow().destroyForcibly();

            Lifetime.End end = lifetime.await(PATIENCE).orElseThrow();

            assertThat(end.code()).isEqualTo(ExitCode.UNEXPECTED);
            assertThat(end.reason())
                    .isEqualTo("PostgreSQL (process %d) has ended by itself; %s may say why"
                            .formatted(server, dataDir.toRealPath().resolve("postgres.log")));
        }
        try (var _ = start()) {
            assertThat(text("select 1")).isEqualTo("1");
        }
    }

    @Test
    void refusesToRunTwice() throws Exception {
        try (var _ = start()) {
            assertThatThrownBy(this::start)
                    .isInstanceOf(StartFailure.class)
                    .hasMessage(
                            "The embedded database of %s is running already (%s is locked).",
                            dataDir.toRealPath(), dataDir.toRealPath().resolve("database.lock"));
        }
    }

    @Test
    void refusesAPortThatIsTaken() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> EmbeddedDatabase.start(dataDir, taken.getLocalPort(), lifetime))
                    .isInstanceOf(StartFailure.class)
                    .hasMessage(
                            "DATABASE_PORT: something else listens on port %d. Choose another one, or 0 for any that is"
                                    + " free.",
                            taken.getLocalPort());
        }
    }

    @Test
    void beginsAnewAfterASetUpThatWasCutOff() throws Exception {
        Files.createDirectories(dataDir.resolve("postgres.unfinished/base"));
        Files.writeString(dataDir.resolve("postgres.unfinished/PG_VERSION"), "18\n");
        Files.createDirectories(binaries.resolve("unfinished/bin"));
        Files.writeString(dataDir.resolve("database.password.unfinished"), "");

        try (var _ = start()) {
            assertThat(text("select 1")).isEqualTo("1");
        }
    }

    @Test
    void saysWhyTheServerDoesNotStart() throws Exception {
        start().close();
        Files.writeString(dataDir.resolve("postgres/PG_VERSION"), "17\n");

        assertThatThrownBy(this::start)
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "PostgreSQL did not start: database files are incompatible with server. See %s.",
                        dataDir.toRealPath().resolve("postgres.log"));
    }

    @Test
    void saysWhatIsMissingWhenThePasswordIsGone() throws Exception {
        start().close();
        Files.delete(dataDir.resolve("database.password"));

        assertThatThrownBy(this::start)
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "%s is missing, but %s is there: restore it, or the whole folder, from a backup.",
                        dataDir.toRealPath().resolve("database.password"),
                        dataDir.toRealPath().resolve("postgres"));
    }

    private static void logIn(String url) {
        new Schema(DatabaseSettings.of(url)).status();
    }

    private EmbeddedDatabase start() throws IOException, InterruptedException {
        return EmbeddedDatabase.start(dataDir, 0, lifetime);
    }

    private Process startInAProcessOfItsOwn(Class<?> main) throws IOException {
        var builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName())
                .redirectErrorStream(true);
        builder.environment().put("DATA_DIR", dataDir.toString());
        builder.environment().put("DATABASE_PORT", "0");
        Process process = builder.start();
        var output = new ArrayList<String>();
        for (String line = process.inputReader().readLine();
                line != null;
                line = process.inputReader().readLine()) {
            output.add(line);
            if (line.contains("ready after")) {
                return process;
            }
        }
        throw new AssertionError("It did not start:\n" + String.join("\n", output));
    }

    private long server() throws IOException {
        return Long.parseLong(Files.readAllLines(pidFile()).getFirst());
    }

    private Path pidFile() {
        return dataDir.resolve("postgres/postmaster.pid");
    }

    private Path urlFile() {
        return dataDir.resolve("database.url");
    }

    private Connection connect() throws IOException, SQLException {
        return DatabaseUrl.parse(Files.readString(urlFile()).strip())
                .dataSource("test", PATIENCE)
                .getConnection();
    }

    private boolean takesClients() throws IOException {
        try (var _ = connect()) {
            return true;
        } catch (SQLException refused) {
            return false;
        }
    }

    private String text(String query) throws IOException, SQLException {
        try (Connection connection = connect();
                var statement = connection.createStatement();
                var row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    private void execute(String sql) throws IOException, SQLException {
        try (Connection connection = connect();
                var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
