package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Opened;
import clickcounter.shared.Program;
import clickcounter.testing.Await;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.Ports;
import clickcounter.testing.Service;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/// The whole service under a constant load, on a PostgreSQL that waits for the disk, in rounds. In each round some
/// parts break at the same time and are repaired, the load ends, and what the clients know is compared with
/// what the service says.
///
/// While the load runs, an [Auditor] compares each answer of the service with what is known at that moment. Between
/// rounds the comparison is exact for each minute of each banner, both in the statistics and in the rows of
/// the database.
///
/// ```
/// clients ─┬─► ingest A ─┬─► log ─► aggregator ─┬─► proxy ─► PostgreSQL
///          └─► ingest B ─┘    └───► query ──────┘
/// ```
///
/// **Threads**: one.
final class Chaos implements AutoCloseable {
    private static final int CONNECTIONS = 64;
    private static final int BANNERS = 500;
    private static final int CLICKS_PER_SECOND = 3_000;
    private static final int MAX_FAULTS_AT_ONCE = 5;
    private static final Duration LOAD_BEFORE_FAULTS = Duration.ofMillis(500);
    private static final Duration LOAD_AFTER_FAULTS = Duration.ofMillis(1_500);

    /// A short time-out, so that the processes soon give up lost connections.
    private static final Map<String, String> SETTINGS = Map.of("DATABASE_TIMEOUT", "5s");

    /// So little memory that strangers can exhaust it, because the limits are made for the heap of `config/jvm`, and
    /// enough for the questions of all banners at once.
    private static final String LITTLE_MEMORY = "-Xmx64m";

    private final long seed;
    private final Random random;
    private final ChaosReport report;
    private final Opened opened = new Opened();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Availability availability = opened.add(new Availability());
    private final SentClicks sent = new SentClicks(availability::answered);
    private final DatabaseProcess database;
    private final Service service;
    private final TestProcess secondIngest;
    private final Restarter restarter;
    private final Auditor auditor;
    private final List<Integer> ingestPorts;
    private final Faults faults;

    private Chaos(Path folder, long seed, ChaosReport report) {
        this.seed = seed;
        this.random = new Random(seed);
        this.report = report;
        try {
            database = opened.add(DatabaseProcess.start(folder));
            FaultyProxy network = opened.add(FaultyProxy.start(database.url()));
            MigratedDatabase.migrate(database.url());
            FaultySystem system = FaultySystem.in(folder);
            Map<String, String> settings = new HashMap<>(system.clock());
            settings.putAll(SETTINGS);
            service = opened.add(Service.start(folder, network.url(database.url()), settings));
            int secondPort = Ports.free();
            Map<String, String> differing = new HashMap<>(system.disk());
            differing.put("SERVICE_PORT", Integer.toString(secondPort));
            differing.put("_JAVA_OPTIONS", LITTLE_MEMORY); // beats the option of the command line
            secondIngest = service.launch("ingest-b", Program.INGEST, differing);
            secondIngest.awaitReady();
            ingestPorts = List.of(service.port(), secondPort);
            restarter = opened.add(Restarter.start(this::noteReady));
            service.processes().forEach(restarter::watch);
            restarter.watch(database.process());
            auditor = opened.add(Auditor.start(
                    service,
                    List.of(service.port(), secondPort, service.queryPort()),
                    sent,
                    BANNERS,
                    random.nextLong()));
            faults = new Faults(
                    service,
                    secondIngest,
                    secondPort,
                    database,
                    network,
                    system,
                    restarter,
                    availability,
                    sent,
                    report,
                    folder,
                    random);
        } catch (IOException failure) {
            close();
            throw new UncheckedIOException(failure);
        } catch (RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    /// Starts everything; returns when it is ready.
    ///
    /// @param report is told what happens
    static Chaos start(Path folder, long seed, ChaosReport report) {
        return new Chaos(folder, seed, report);
    }

    private void noteReady(TestProcess process) {
        if (process.name().startsWith("ingest")) {
            availability.ready(process.name());
        }
    }

    /// Whether each fault has happened as often as any other.
    boolean isBalanced() {
        return faults.isDeckEmpty();
    }

    /// A round in which nothing breaks, for comparison and to warm up all processes.
    void calmRound() {
        round(List.of());
    }

    /// Runs some faults at the same time under load and compares everything when they are over.
    void round() {
        round(faults.deal(1 + random.nextInt(MAX_FAULTS_AT_ONCE)));
    }

    private void round(List<Fault> dealt) {
        String names =
                dealt.isEmpty() ? "nothing" : dealt.stream().map(Fault::name).collect(Collectors.joining(" + "));
        availability.during(names);
        report.round(dealt, faults.isCommitting());
        try (ClickLoad load = load()) {
            availability.loaded(true);
            LockSupport.parkNanos(LOAD_BEFORE_FAULTS.toNanos());
            happen(dealt);
            restarter.awaitAllReady();
            LockSupport.parkNanos(LOAD_AFTER_FAULTS.toNanos());
            availability.loaded(false);
            load.end();
        }
        compare(names);
        report.totals(sent, availability, auditor, restarter);
    }

    private ClickLoad load() {
        return ClickLoad.start(ingestPorts, CONNECTIONS, BANNERS, CLICKS_PER_SECOND, random.nextLong(), sent);
    }

    private void happen(List<Fault> dealt) {
        List<Future<?>> happening = new ArrayList<>();
        for (Fault fault : dealt) {
            happening.add(threads.submit(() -> {
                fault.action().run();
                return null;
            }));
        }
        for (int at = 0; at < dealt.size(); at++) {
            result(happening.get(at), dealt.get(at).name());
        }
    }

    private static <T> T result(Future<T> future, String what) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException failure) {
            throw new AssertionError("\"%s\" failed".formatted(what), failure);
        }
    }

    /// Compares everything when no clicks are sent and nothing is broken: each acknowledged click must be counted
    /// once.
    private void compare(String names) {
        long missing = 0;
        long surplus = 0;
        long counted = 0;
        Map<Long, Map<Long, Long>> statistics = new TreeMap<>();
        Map<Long, Future<Map<Long, Long>>> asked = new TreeMap<>();
        for (long bannerId : sent.bannerIds()) {
            asked.put(bannerId, threads.submit(() -> statisticsWhenComplete(bannerId)));
        }
        for (Map.Entry<Long, Future<Map<Long, Long>>> entry : asked.entrySet()) {
            long bannerId = entry.getKey();
            Map<Long, Long> minutes = result(entry.getValue(), "asking for the statistics of all banners");
            SentClicks.Deviation deviation = sent.deviation(bannerId, minutes);
            missing += deviation.missing();
            surplus += deviation.surplus();
            counted += Service.sum(minutes);
            statistics.put(bannerId, minutes);
        }
        report.compared(missing, surplus);
        // Clicks that are counted in another minute are missing in theirs and too many in that.
        assertThat(missing)
                .as("lost clicks after %s, seed %d, and %d too many", names, seed, surplus)
                .isZero();
        assertThat(surplus)
                .as("clicks counted twice after %s, seed %d", names, seed)
                .isZero();
        assertThat(auditor.violations())
                .as("answers during %s, seed %d", names, seed)
                .isEmpty();
        database.awaitClicks(counted);
        Map<Long, Map<Long, Long>> rows = new TreeMap<>(statistics);
        rows.values().removeIf(Map::isEmpty); // a banner whose clicks were all refused
        assertThat(databaseCounts())
                .as("the rows of the database after %s, seed %d", names, seed)
                .isEqualTo(rows);
        statistics.forEach(sent::settle);
    }

    private Map<Long, Long> statisticsWhenComplete(long bannerId) {
        Map<Long, Long> counted = new TreeMap<>();
        Await.until("statistics of banner %d are complete".formatted(bannerId), () -> {
            HttpResponse<String> answer =
                    service.statisticsAnswer(ingestPorts.get((int) bannerId % ingestPorts.size()), bannerId);
            boolean isComplete = answer.statusCode() == 200 && Service.isComplete(answer);
            if (isComplete) {
                counted.putAll(Service.counted(answer));
            }
            return isComplete;
        });
        return counted;
    }

    private Map<Long, Map<Long, Long>> databaseCounts() {
        try {
            return database.counts();
        } catch (SQLException failure) {
            throw new AssertionError("The database does not answer.", failure);
        }
    }

    /// Stops all processes cleanly under load and checks that every click is in the database.
    void stop() {
        auditor.close();
        try (ClickLoad load = load()) {
            LockSupport.parkNanos(LOAD_AFTER_FAULTS.toNanos());
            load.end();
        }
        service.processes().forEach(restarter::leave);
        secondIngest.stopCleanly();
        service.stop();
        Map<Long, Map<Long, Long>> counted = databaseCounts();
        for (long bannerId : sent.bannerIds()) {
            sent.verify(bannerId, counted.getOrDefault(bannerId, Map.of()));
        }
    }

    /// Checks what must hold for the whole run.
    void verify() {
        Map<String, Integer> exits = restarter.exits();
        for (String process : List.of("ingest", "ingest-b", "aggregator", "query")) {
            for (ExitCode unexpected : List.of(
                    ExitCode.UNEXPECTED, ExitCode.LOG_FAULT, ExitCode.LOG_MISMATCH, ExitCode.DATABASE_CHANGED)) {
                assertThat(exits).as("seed %d", seed).doesNotContainKey(process + " " + unexpected.status());
            }
        }
        for (TestProcess process : service.processes()) {
            assertThat(process.output())
                    .as("output of %s, seed %d", process.name(), seed)
                    .doesNotContain("\tat ");
        }
    }

    @Override
    public void close() {
        threads.close();
        opened.close();
    }
}
