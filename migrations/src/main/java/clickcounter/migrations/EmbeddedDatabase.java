package clickcounter.migrations;

import clickcounter.migrations.PostgresBinaries.ProgramFailure;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A PostgreSQL server of our own, for operators who set no `DATABASE_URL`. It keeps its data in
/// `DATA_DIR/postgres`, listens on the loopback address only, and asks for a password, which is generated at the
/// first start.
///
/// When this process is killed, the server keeps running, unless [#endWithThisProcess()] was called. The next
/// start stops a server that was left behind and starts a new one on the same port, where its clients find it.
///
/// **Threads**: one starts and closes it.
///
/// In `DATA_DIR`:
///
/// | | |
/// |---|---|
/// | `postgres` | the data |
/// | `postgres-binaries` | the programs, unpacked |
/// | `postgres.log` | what the server says |
/// | `database.url` | the URL for our processes while the server runs; secret |
/// | `database.password` | secret |
/// | `database.lock` | held by this process |
public final class EmbeddedDatabase implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(EmbeddedDatabase.class);

    private static final String ADDRESS = "127.0.0.1";
    private static final String SUPERUSER = "postgres";

    /// The name of our role and of our database.
    private static final String NAME = "clickcounter";

    /// How long the server may take to start: long enough to recover from a crash with the longest write-ahead
    /// log.
    private static final Duration MAX_START = Duration.ofMinutes(10);

    /// How long the server may take to stop. After that it is stopped without a final checkpoint: nothing is
    /// lost, but its next start takes longer.
    private static final Duration MAX_STOP = Duration.ofSeconds(30);

    /// How often a start is tried after a crash: a new server cannot start while the last processes of a killed
    /// one are still ending.
    private static final int MAX_START_ATTEMPTS = 10;

    /// How often it is checked that the server still runs.
    private static final Duration WATCH_INTERVAL = Duration.ofMillis(500);

    /// A script that waits until its standard input ends, which is when the process that started it has ended in
    /// any way. It then stops the server with the process id `$0`: when its last client has gone, or after `$1`
    /// seconds.
    private static final String GUARD = """
            trap '' HUP INT TERM
            read -r _
            kill -TERM "$0"
            seconds=$1
            while kill -0 "$0" && [ "$seconds" -gt 0 ]; do
              sleep 1
              seconds=$((seconds - 1))
            done
            [ "$seconds" -gt 0 ] || kill -INT "$0"
            """;

    /// How long the server waits for its clients when this process was killed: longer than our processes take to
    /// stop.
    private static final Duration MAX_GUARD_WAIT = Duration.ofSeconds(90);

    private static final Duration BETWEEN_START_ATTEMPTS = Duration.ofMillis(500);
    private static final int PASSWORD_BYTES = 24;

    /// The lowest port to choose. Systems give none from here to [#LAST_PORT] to outgoing connections, so that
    /// the chosen one is free at the next start.
    private static final int FIRST_PORT = 15_000;

    private static final int LAST_PORT = 32_000;

    private static final long MAX_LOG_BYTES = 16L << 20;
    private static final Pattern PORT_OF_LAST_START = Pattern.compile("\"-p\" \"(\\d+)\"");
    private static final Pattern FATAL = Pattern.compile("(?:FATAL|PANIC): +(.*)");

    private final Path folder;
    private final Path data;
    private final FileChannel lock;
    private final PostgresBinaries binaries;
    private final SecureRandom random = new SecureRandom();
    private @Nullable PeriodicTask watch;
    private @Nullable Process guard;

    private EmbeddedDatabase(Path folder, FileChannel lock, PostgresBinaries binaries) {
        this.folder = folder;
        this.data = folder.resolve("postgres");
        this.lock = lock;
        this.binaries = binaries;
    }

    /// Starts the server and writes its URL for the other processes.
    ///
    /// @param dataDir the setting `DATA_DIR`
    /// @param port 0 for the one of the last start, or any free one
    /// @param lifetime ended when the server ends by itself
    ///
    /// **Errors**: [StartFailure] when the operator can fix the cause; no server runs then.
    public static EmbeddedDatabase start(Path dataDir, int port, Lifetime lifetime)
            throws IOException, InterruptedException {
        Path folder = Files.createDirectories(dataDir).toRealPath();
        FileChannel lock = lock(folder);
        try {
            PostgresBinaries binaries = PostgresBinaries.unpack(folder.resolve("postgres-binaries"));
            var database = new EmbeddedDatabase(folder, lock, binaries);
            database.start(port, lifetime);
            return database;
        } catch (Throwable failure) {
            lock.close();
            throw failure;
        }
    }

    private void start(int wantedPort, Lifetime lifetime) throws IOException, InterruptedException {
        stopOrphan();
        String password = password();
        initialize();
        int port = choosePort(wantedPort);
        startServer(port);
        try {
            createDatabase(port, password);
            ProcessHandle server = runningServer().orElseThrow();
            writeSecret(
                    folder.resolve(DatabaseSettings.URL_FILE),
                    "postgres://%s:%s@%s:%d/%s".formatted(NAME, password, ADDRESS, port, NAME));
            logger.info("PostgreSQL listens on {}:{}; its own log is {}", ADDRESS, port, serverLog());
            watch = PeriodicTask.start("postgres-watch", WATCH_INTERVAL, lifetime, () -> endWith(server, lifetime));
        } catch (Throwable failure) {
            stopServer();
            throw failure;
        }
    }

    /// Makes the server end with this process, even if that is killed with `kill -9`. The server then waits
    /// until its clients have gone, for at most [#MAX_GUARD_WAIT].
    public void endWithThisProcess() throws IOException {
        String server = Long.toString(runningServer().orElseThrow().pid());
        guard = new ProcessBuilder("sh", "-c", GUARD, server, Long.toString(MAX_GUARD_WAIT.toSeconds()))
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD)
                .start();
    }

    /// Stops the server and removes its URL.
    @Override
    public void close() throws IOException {
        try (lock) {
            if (watch != null) {
                watch.close();
            }
            Files.deleteIfExists(folder.resolve(DatabaseSettings.URL_FILE));
            if (runningServer().isPresent()) {
                stopServer();
            }
            if (guard != null) {
                guard.destroyForcibly();
            }
        }
    }

    /// Ends the lifetime when the server no longer runs. The handle alone would not tell in a container, where a
    /// server that has ended may stay a zombie.
    private void endWith(ProcessHandle server, Lifetime lifetime) {
        try {
            if (!runningServer().equals(Optional.of(server))) {
                lifetime.end(
                        ExitCode.UNEXPECTED,
                        "PostgreSQL (process %d) has ended by itself; %s may say why"
                                .formatted(server.pid(), serverLog()));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static FileChannel lock(Path folder) throws IOException {
        Path file = folder.resolve("database.lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException heldByThisProcess) {
            // Refused below, as when another process holds it.
        }
        channel.close();
        throw new StartFailure(
                "The embedded database of %s is running already (%s is locked).".formatted(folder, file));
    }

    /// Stops the server that an earlier process of ours left behind when it was killed.
    private void stopOrphan() throws IOException {
        Optional<ProcessHandle> orphan = runningServer();
        if (orphan.isPresent()) {
            logger.warn(
                    "Stopping PostgreSQL (process {}), which an earlier run left behind",
                    orphan.get().pid());
            stopServer();
            return;
        }
        Optional<String> command =
                processInPidFile().flatMap(process -> process.info().command());
        if (command.isPresent() && !command.get().endsWith("/postgres")) {
            // After a crash of the machine, the process id may belong to another program, and PostgreSQL would
            // refuse to start. It takes a file that names the caller of pg_ctl, which is this process, for
            // outdated, and still makes sure that nobody uses the shared memory that the file names.
            List<String> lines = new ArrayList<>(Files.readAllLines(pidFile()));
            lines.set(0, Long.toString(ProcessHandle.current().pid()));
            Files.write(pidFile(), lines);
        }
    }

    /// The server on our data. After a crash of the machine, the process in its file may be any program, so it
    /// must have our folder among its arguments.
    private Optional<ProcessHandle> runningServer() throws IOException {
        return processInPidFile()
                .filter(process -> Arrays.asList(process.info().arguments().orElse(new String[0]))
                        .contains(data.toString()));
    }

    private Optional<ProcessHandle> processInPidFile() throws IOException {
        try (Stream<String> lines = Files.lines(pidFile())) {
            return lines.findFirst()
                    .filter(line -> line.matches("\\d{1,18}"))
                    .flatMap(line -> ProcessHandle.of(Long.parseLong(line)));
        } catch (NoSuchFileException noServer) {
            return Optional.empty();
        }
    }

    private void initialize() throws IOException {
        if (Files.exists(data)) {
            return;
        }
        Path unfinished = folder.resolve("postgres.unfinished");
        PostgresBinaries.deleteTree(unfinished);
        try {
            binaries.run(
                    "initdb",
                    "--pgdata=" + unfinished,
                    "--username=" + SUPERUSER,
                    "--pwfile=" + passwordFile(),
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--no-locale",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8");
        } catch (ProgramFailure failure) {
            throw new StartFailure(
                    "The embedded database cannot be set up in %s: %s"
                            .formatted(folder, ConnectFailure.oneLine(failure)),
                    failure);
        }
        Files.move(unfinished, data, StandardCopyOption.ATOMIC_MOVE);
    }

    private void startServer(int port) throws IOException, InterruptedException {
        rotateLog();
        var arguments = new ArrayList<String>(List.of(
                "start",
                "--pgdata=" + data,
                "--log=" + serverLog(),
                "--wait",
                "--timeout=" + MAX_START.toSeconds(),
                "--options=-p " + port));
        serverSettings().forEach((name, value) -> arguments.add("--options=-c %s=%s".formatted(name, value)));
        boolean afterCrash = Files.exists(pidFile());
        long logStart = Files.exists(serverLog()) ? Files.size(serverLog()) : 0;
        for (int attempt = 1; ; attempt++) {
            try {
                binaries.run("pg_ctl", arguments.toArray(String[]::new));
                return;
            } catch (ProgramFailure failure) {
                if (!afterCrash || attempt == MAX_START_ATTEMPTS) {
                    throw new StartFailure(
                            "PostgreSQL did not start: %s. See %s.".formatted(reason(logStart, failure), serverLog()),
                            failure);
                }
                Thread.sleep(BETWEEN_START_ATTEMPTS);
            }
        }
    }

    /// The settings that differ from PostgreSQL's defaults, which are safe. A shell reads them, so they are
    /// words without special characters.
    private static Map<String, String> serverSettings() {
        int connections = Math.max(100, DatabaseSettings.maxPoolSize() + 50); // those of query and of all others
        return Map.of(
                "listen_addresses", ADDRESS,
                "max_connections", Integer.toString(connections),
                // Catching up after an outage writes fast; with less, one checkpoint would follow another.
                "max_wal_size", "2GB",
                // The minutes that change all the time, and the newest ones that are read, stay in memory.
                "shared_buffers", "256MB",
                "timezone", "UTC",
                // TCP with a password is the only way in.
                "unix_socket_directories", "");
    }

    private void stopServer() throws IOException {
        try {
            stopServer("fast");
        } catch (ProgramFailure slow) {
            logger.warn(
                    "PostgreSQL did not stop within {} s; stopping it at once ({})",
                    MAX_STOP.toSeconds(),
                    slow.getMessage());
            stopServer("immediate");
        }
    }

    private void stopServer(String mode) throws IOException {
        binaries.run(
                "pg_ctl", "stop", "--pgdata=" + data, "--mode=" + mode, "--wait", "--timeout=" + MAX_STOP.toSeconds());
    }

    private int choosePort(int wanted) throws IOException {
        if (wanted != 0) {
            if (!isFree(wanted)) {
                throw new StartFailure(
                        "DATABASE_PORT: something else listens on port %d. Choose another one, or 0 for any that is free."
                                .formatted(wanted));
            }
            return wanted;
        }
        Path optionsOfLastStart = data.resolve("postmaster.opts");
        if (Files.exists(optionsOfLastStart)) {
            Matcher port = PORT_OF_LAST_START.matcher(Files.readString(optionsOfLastStart));
            if (port.find() && isFree(Integer.parseInt(port.group(1)))) {
                return Integer.parseInt(port.group(1));
            }
        }
        int port;
        do {
            port = random.nextInt(FIRST_PORT, LAST_PORT + 1);
        } while (!isFree(port));
        return port;
    }

    private static boolean isFree(int port) {
        try (var socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral(ADDRESS), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    private void createDatabase(int port, String password) throws IOException {
        var url = DatabaseUrl.parse("postgres://%s:%s@%s:%d/postgres".formatted(SUPERUSER, password, ADDRESS, port));
        try (Connection connection =
                        url.dataSource("click-counter-database", MAX_START).getConnection();
                var statement = connection.createStatement()) {
            if (!has(connection, "select 1 from pg_roles where rolname = ?")) {
                statement.execute("create role %s login password '%s'".formatted(NAME, password));
            }
            if (!has(connection, "select 1 from pg_database where datname = ?")) {
                statement.execute("create database %s owner %s".formatted(NAME, NAME));
            }
        } catch (SQLException failure) {
            throw new StartFailure(
                    "The embedded database does not let its own process in (%s). Has %s been changed?"
                            .formatted(ConnectFailure.oneLine(failure), passwordFile()),
                    failure);
        }
    }

    private static boolean has(Connection connection, String query) throws SQLException {
        try (var statement = connection.prepareStatement(query)) {
            statement.setString(1, NAME);
            return statement.executeQuery().next();
        }
    }

    private String password() throws IOException {
        Path file = passwordFile();
        if (Files.notExists(file)) {
            if (Files.exists(data)) {
                throw new StartFailure("%s is missing, but %s is there: restore it, or the whole folder, from a backup."
                        .formatted(file, data));
            }
            byte[] bytes = new byte[PASSWORD_BYTES];
            random.nextBytes(bytes);
            writeSecret(file, HexFormat.of().formatHex(bytes));
        }
        return Files.readString(file).strip();
    }

    /// Writes a file atomically; only this user may read it.
    private static void writeSecret(Path file, String text) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
        Files.deleteIfExists(unfinished);
        Files.createFile(
                unfinished, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(unfinished, text + "\n", StandardOpenOption.SYNC, StandardOpenOption.WRITE);
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private void rotateLog() throws IOException {
        if (Files.exists(serverLog()) && Files.size(serverLog()) > MAX_LOG_BYTES) {
            Files.move(serverLog(), folder.resolve("postgres.log.1"), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /// Why the server did not start: its own words at the end of its log, or else those of `pg_ctl`.
    private String reason(long logStart, ProgramFailure failure) throws IOException {
        try (InputStream log = Files.newInputStream(serverLog())) {
            log.skipNBytes(logStart);
            Matcher fatal = FATAL.matcher(new String(log.readAllBytes(), StandardCharsets.UTF_8));
            return fatal.find() ? fatal.group(1) : ConnectFailure.oneLine(failure);
        } catch (NoSuchFileException serverNeverStarted) {
            return ConnectFailure.oneLine(failure);
        }
    }

    private Path passwordFile() {
        return folder.resolve("database.password");
    }

    private Path pidFile() {
        return data.resolve("postmaster.pid");
    }

    private Path serverLog() {
        return folder.resolve("postgres.log");
    }
}
