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

    /// The members in the order in which they are stopped: first no more clicks, then the counts of all clicks
    /// into the database, then the rest.
    private final Deque<Keeper> keepers = new ArrayDeque<>();

    private Supervisor(Path dataDir, boolean json, Duration maxStop, Lifetime lifetime) throws IOException {
        this.dataDir = dataDir;
        this.lifetime = lifetime;
        this.maxStop = maxStop;
        // A child does not see the terminal.
        environment = Map.of(Setting.LOGGING_FORMAT.name(), json ? "json" : "text");
        lock = lock(dataDir);
    }

    /// Migrates the database and starts everything; returns when it is ready, or when the lifetime has ended
    /// before.
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
            if (embedded) {
                supervisor.start("database", () -> DatabaseRun.start(dataDir, databasePort));
            }
            migrate(settings, lifetime);
            supervisor.startProcesses(ingestProcesses);
            if (!lifetime.hasEnded()) {
                announce(servicePort);
                warnIfOpen(isOpen, address, servicePort);
            }
            supervisor.keepers.forEach(Keeper::keep);
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

    private void startProcesses(int ingestProcesses) throws Exception {
        List<Keeper> started = new ArrayList<>();
        started.add(start("query", Program.QUERY));
        started.add(start("aggregator", Program.AGGREGATOR));
        for (int number = ingestProcesses; number > 1; number--) {
            started.add(start("ingest-" + number, Program.INGEST, Integer.toString(number)));
        }
        started.add(start("ingest", Program.INGEST));
        started.reversed().forEach(Keeper::awaitReady);
    }

    private Keeper start(String name, Program program, String... arguments) throws Exception {
        Path readyFile = dataDir.resolve("run").resolve(name + ".ready");
        return start(
                name, () -> ChildProcess.start(name, command(program, arguments), environment, readyFile, maxStop));
    }

    private Keeper start(String name, Callable<Run> starter) throws Exception {
        Keeper keeper = new Keeper(name, starter, lifetime);
        keepers.push(keeper);
        return keeper;
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
        while (!keepers.isEmpty()) {
            keepers.pop().stop();
        }
        lock.close();
    }
}
