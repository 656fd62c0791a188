package clickcounter.supervisor;

import clickcounter.migrations.DatabaseSettings;
import clickcounter.migrations.Schema;
import clickcounter.shared.Lifetime;
import clickcounter.shared.Logging.LoggingSettings;
import clickcounter.shared.ProcessMain;
import clickcounter.shared.Program;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The running service: the embedded database in this process, unless `DATABASE_URL` is set; query, the
/// aggregator and ingest as processes of their own.
final class Supervisor implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Supervisor.class);

    /// The working folder of every process of ours.
    private static final Path ROOT = Path.of("");

    private static final int MAX_INGEST_PROCESSES = 256;
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "::1", "localhost");

    /// How long after a process should have halted by itself it is killed.
    private static final Duration KILL_AFTER = Duration.ofSeconds(30);

    private final Path dataDir;
    private final Lifetime lifetime;
    private final Map<String, String> environment;
    private final Duration maxStop;
    private final FileChannel lock;

    /// They are started first and stopped first: they take clicks whatever the others do.
    private final List<Keeper> ingest = new ArrayList<>();

    /// The other members in the order in which they are stopped, the opposite of that in which they are started.
    private final Deque<Keeper> others = new ArrayDeque<>();

    private Supervisor(Path dataDir, boolean json, Duration maxStop, Lifetime lifetime) throws IOException {
        this.dataDir = dataDir;
        this.lifetime = lifetime;
        this.maxStop = maxStop;
        // A child does not see the terminal.
        environment = Map.of(Setting.LOGGING_FORMAT.name(), json ? "json" : "text");
        lock = lock(dataDir);
    }

    /// Starts ingest, migrates the database, and starts the rest; returns when everything is ready, or when the
    /// lifetime has ended before. Clicks are taken even while the start waits for the database.
    ///
    /// **Errors**: [StartFailure] with the exit code of the member that did not start; nothing runs then.
    static Supervisor start(SettingsReader settings, Lifetime lifetime) throws Exception {
        Path dataDir = settings.path(Setting.DATA_DIR);
        boolean embedded = settings.text(Setting.DATABASE_URL).isEmpty();
        int databasePort = settings.port(Setting.DATABASE_PORT);
        int servicePort = settings.port(Setting.SERVICE_PORT);
        int ingestProcesses = settings.integer(Setting.INGEST_PROCESSES, 1, MAX_INGEST_PROCESSES);
        boolean json = LoggingSettings.read(settings).json();
        String address = settings.text(Setting.SERVICE_ADDRESS).orElseThrow();
        boolean isOpen = settings.secret(Setting.STATS_TOKEN).isEmpty();
        Duration maxStop = ProcessMain.maxClose(settings).plus(KILL_AFTER);
        settings.finish();
        var supervisor = new Supervisor(dataDir, json, maxStop, lifetime);
        try {
            supervisor.startIngest(ingestProcesses);
            if (embedded) {
                supervisor.start("database", () -> DatabaseRun.start(dataDir, databasePort));
            }
            supervisor.ingest.forEach(Keeper::awaitReady);
            supervisor.ingest.forEach(Keeper::keep);
            migrate(settings, lifetime);
            supervisor.start("query", Program.QUERY);
            supervisor.start("aggregator", Program.AGGREGATOR);
            supervisor.others.forEach(Keeper::awaitReady);
            if (!lifetime.hasEnded()) {
                announce(servicePort);
                warnIfOpen(isOpen, address, servicePort);
            }
            supervisor.others.forEach(Keeper::keep);
            return supervisor;
        } catch (Exception failure) {
            supervisor.close();
            throw failure;
        }
    }

    private static FileChannel lock(Path dataDir) throws IOException {
        Path file = Files.createDirectories(dataDir.resolve("run")).resolve("lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (channel.tryLock() == null) {
            channel.close();
            throw new StartFailure("Another ./run.sh is serving %s already. Stop it, or set DATA_DIR to another folder."
                    .formatted(dataDir));
        }
        return channel;
    }

    private static void migrate(SettingsReader settings, Lifetime lifetime) {
        DatabaseSettings database = DatabaseSettings.read(settings);
        settings.finish();
        logger.info("{}", new Schema(database, lifetime).up().sentence(database.url()));
    }

    private void startIngest(int processes) throws Exception {
        ingest.add(new Keeper("ingest", () -> child("ingest", Program.INGEST), lifetime));
        for (int number = 2; number <= processes; number++) {
            String name = "ingest-" + number;
            String argument = Integer.toString(number);
            ingest.add(new Keeper(name, () -> child(name, Program.INGEST, argument), lifetime));
        }
    }

    private void start(String name, Program program) throws Exception {
        start(name, () -> child(name, program));
    }

    private void start(String name, Callable<Run> starter) throws Exception {
        others.push(new Keeper(name, starter, lifetime));
    }

    private Run child(String name, Program program, String... arguments) throws Exception {
        Path readyFile = dataDir.resolve("run").resolve(name + ".ready");
        return ChildProcess.start(name, command(program, arguments), environment, readyFile, maxStop);
    }

    private List<String> command(Program program, String... arguments) {
        List<String> flags = new ArrayList<>(List.of(ProcessMain.DEPENDENT));
        if (program == Program.INGEST) {
            flags.addAll(Program.classCacheFlags(Program.classCache(ROOT, dataDir)));
            return program.command(ROOT, flags, arguments);
        }
        // Clicks first: what comes after the log can wait for a moment, a browser cannot.
        List<String> command = new ArrayList<>(List.of("nice", "-n", "5"));
        command.addAll(program.command(ROOT, flags, arguments));
        return command;
    }

    private static void warnIfOpen(boolean isOpen, String address, int port) {
        if (isOpen && !LOOPBACK.contains(address)) {
            logger.warn(
                    "statistics and the dashboard are open to everybody who reaches port {} of {}: set STATS_TOKEN to close them, or SERVICE_ADDRESS=127.0.0.1 behind a proxy (SECURITY.md)",
                    port,
                    address);
        }
    }

    private static void announce(int port) {
        String address = "http://localhost:" + port;
        System.out.printf("""

                Click Counter is running. Clicks and statistics: %1$s   Stop: Ctrl-C

                  curl -i %1$s/v1/banners/counter/7
                  curl -s %1$s/v1/banners/stats/7 -H 'Content-Type: application/json' \
                -d '{"from":"2020-01-01T00:00:00Z","to":"2099-01-01T00:00:00Z"}'

                """, address);
    }

    /// Stops ingest, the aggregator, query and the database, in this order.
    @Override
    public void close() throws IOException {
        ingest.forEach(Keeper::stop);
        ingest.clear();
        while (!others.isEmpty()) {
            others.pop().stop();
        }
        lock.close();
    }
}
