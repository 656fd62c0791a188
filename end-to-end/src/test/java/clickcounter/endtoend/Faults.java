package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.endtoend.Fault.Target;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Program;
import clickcounter.testing.Await;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.FaultyProxy.CutPoint;
import clickcounter.testing.Service;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/// All faults of the chaos runs as a deck of cards: each fault is dealt once before any is dealt again.
///
/// **Threads**: one deals; the faults that were dealt run in threads of their own.
final class Faults {
    private static final int MIN_LENGTH_MS = 500;
    private static final int MAX_LENGTH_MS = 3_000;
    private static final int MAX_DELAY_MS = 1_000;
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration ROOM = Duration.ofMillis(2 * MAX_LENGTH_MS);
    private static final Duration MAX_COMMIT_WAIT = Duration.ofSeconds(20);
    private static final Duration MINUTES = Duration.ofMinutes(7);
    private static final Duration YEARS = Duration.ofDays(3_650);
    private static final int HOSTILE_CONNECTIONS = 2_000;

    private final Service service;
    private final TestProcess secondIngest;
    private final int secondPort;
    private final DatabaseProcess database;
    private final FaultyProxy network;
    private final FaultySystem system;
    private final Restarter restarter;
    private final Availability availability;
    private final SentClicks sent;
    private final Path folder;
    private final Random random;
    private final List<Fault> all;
    private final Deque<Fault> deck = new ArrayDeque<>();
    private final Set<TestProcess> committing = ConcurrentHashMap.newKeySet();
    private int aggregators = 1;
    private int audits;

    /// @param system whose disk `secondIngest` uses; all processes but the database go by its clock
    /// @param report is told which faults cannot happen on this machine
    /// @param folder for files that the faults need
    Faults(
            Service service,
            TestProcess secondIngest,
            int secondPort,
            DatabaseProcess database,
            FaultyProxy network,
            FaultySystem system,
            Restarter restarter,
            Availability availability,
            SentClicks sent,
            ChaosReport report,
            Path folder,
            Random random) {
        this.service = service;
        this.secondIngest = secondIngest;
        this.secondPort = secondPort;
        this.database = database;
        this.network = network;
        this.system = system;
        this.restarter = restarter;
        this.availability = availability;
        this.sent = sent;
        this.folder = folder;
        this.random = random;
        all = new ArrayList<>(catalogue());
        addIf(system.isPossible(), "no C compiler makes the library", fsyncFault(), report);
        addIf(ReusedProcessId.isPossible(), "only root may choose process ids", reuseFault(), report);
        for (Duration wrongBy : List.of(MINUTES, MINUTES.negated(), YEARS, YEARS.negated())) {
            addIf(system.isPossible(), "no C compiler makes the library", clockFault(wrongBy), report);
        }
    }

    private void addIf(boolean isPossible, String obstacle, Fault fault, ChaosReport report) {
        if (isPossible) {
            all.add(fault);
        } else {
            report.leftOut(fault.name(), obstacle);
        }
    }

    private Fault fsyncFault() {
        return new Fault("fsync fails in ingest B", Target.INGEST_B, this::failFsync);
    }

    private Fault reuseFault() {
        return new Fault(
                "kill -9 a writer that holds the lock, and reuse its process id",
                Target.LOG,
                this::killHolderAndReuseItsId);
    }

    private Fault clockFault(Duration wrongBy) {
        return new Fault(
                "the clock steps by %d minutes".formatted(wrongBy.toMinutes()),
                Set.of(Target.INGEST_A, Target.INGEST_B, Target.AGGREGATOR, Target.QUERY),
                () -> stepClock(wrongBy));
    }

    private List<Fault> catalogue() {
        return List.of(
                new Fault("kill -9 ingest A", Target.INGEST_A, () -> killIngest(service.ingest())),
                new Fault("kill -9 ingest B", Target.INGEST_B, () -> killIngest(secondIngest)),
                new Fault(
                        "kill -9 aggregator",
                        Target.AGGREGATOR,
                        () -> service.aggregator().kill()),
                new Fault("kill -9 query", Target.QUERY, () -> service.query().kill()),
                new Fault(
                        "kill -9 both ingest processes at once",
                        Set.of(Target.INGEST_A, Target.INGEST_B),
                        () -> killAtOnce(service.ingest(), secondIngest)),
                new Fault(
                        "kill -9 ingest A, aggregator and query at once",
                        Set.of(Target.INGEST_A, Target.AGGREGATOR, Target.QUERY),
                        () -> killAtOnce(service.ingest(), service.aggregator(), service.query())),
                new Fault("no memory in ingest B", Target.INGEST_B, this::exhaustMemory),
                new Fault(
                        "a log file deleted under an audit",
                        Set.of(Target.LOG, Target.DATABASE, Target.NETWORK),
                        this::deleteFileUnderAudit),
                new Fault("kill -9 PostgreSQL", Target.DATABASE, database::killPostmaster),
                new Fault(
                        "kill -9 the database process",
                        Target.DATABASE,
                        () -> database.process().kill()),
                new Fault("freeze ingest A", Target.INGEST_A, () -> freezeIngest(service.ingest())),
                new Fault("freeze ingest B", Target.INGEST_B, () -> freezeIngest(secondIngest)),
                new Fault("freeze aggregator", Target.AGGREGATOR, () -> freeze(service.aggregator())),
                new Fault("freeze query", Target.QUERY, () -> freeze(service.query())),
                new Fault("freeze PostgreSQL", Target.DATABASE, this::freezeDatabase),
                new Fault("stop and start ingest A", Target.INGEST_A, () -> stopAndStartIngest(service.ingest())),
                new Fault("stop and start ingest B", Target.INGEST_B, () -> stopAndStartIngest(secondIngest)),
                new Fault("stop and start aggregator", Target.AGGREGATOR, () -> stopAndStart(service.aggregator())),
                new Fault("stop and start query", Target.QUERY, () -> stopAndStart(service.query())),
                new Fault("stop and start PostgreSQL", Target.DATABASE, () -> stopAndStart(database.process())),
                new Fault("PostgreSQL read-only", Target.DATABASE, this::makeReadOnly),
                new Fault("out of connections", Target.DATABASE, this::takeAllConnections),
                new Fault("network refuses", Target.NETWORK, this::refuse),
                new Fault("network stalls", Target.NETWORK, this::stall),
                new Fault("network cuts all", Target.NETWORK, network::cutAll),
                new Fault("cut before a commit", Target.NETWORK, () -> cutCommit(CutPoint.BEFORE_SERVER_SEES_IT)),
                new Fault("cut during a commit", Target.NETWORK, () -> cutCommit(CutPoint.AFTER_SERVER_HAS_IT)),
                new Fault("cut after a commit", Target.NETWORK, () -> cutCommit(CutPoint.AFTER_SERVER_ANSWERED)),
                new Fault("a second aggregator", Target.AGGREGATOR, this::startSecondAggregator),
                new Fault(
                        "a second aggregator while the first is frozen",
                        Target.AGGREGATOR,
                        this::replaceFrozenAggregator));
    }

    /// Whether all faults have been dealt equally often.
    boolean isDeckEmpty() {
        return deck.isEmpty();
    }

    /// The next faults of the deck that can happen at the same time.
    List<Fault> deal(int max) {
        if (deck.isEmpty()) {
            List<Fault> shuffled = new ArrayList<>(all);
            Collections.shuffle(shuffled, random);
            deck.addAll(shuffled);
        }
        List<Fault> dealt = new ArrayList<>();
        for (Fault fault : List.copyOf(deck)) {
            if (dealt.size() < max && dealt.stream().allMatch(fault::canHappenWith)) {
                deck.remove(fault);
                dealt.add(delayed(fault));
            }
        }
        return dealt;
    }

    private Fault delayed(Fault fault) {
        long delayNs = Duration.ofMillis(random.nextInt(MAX_DELAY_MS)).toNanos();
        return new Fault(fault.name(), fault.targets(), () -> {
            LockSupport.parkNanos(delayNs);
            fault.action().run();
        });
    }

    private void killIngest(TestProcess ingest) {
        availability.away(ingest.name());
        ingest.kill();
    }

    private void killAtOnce(TestProcess... processes) {
        Map<TestProcess, Long> pids = new HashMap<>();
        for (TestProcess process : processes) {
            pids.put(process, process.pid());
            if (process.name().startsWith("ingest")) {
                availability.away(process.name());
            }
        }
        TestProcess.signal("KILL", List.copyOf(pids.values()));
        pids.forEach((process, pid) ->
                Await.until(process.name() + " has ended", () -> !process.isAlive() || process.pid() != pid));
    }

    /// Kills a writer while it holds the log's lock, and gives its id to a thread, which looks like a living
    /// writer.
    private void killHolderAndReuseItsId() throws IOException {
        TestProcess holder = LockHolder.start(folder, service.logFolder());
        holder.kill();
        try (ReusedProcessId _ = ReusedProcessId.of(holder.pid())) {
            long before = sent.acknowledgedClicks();
            Await.until("clicks go on", () -> sent.acknowledgedClicks() > before);
        }
    }

    /// Takes more memory than the process has, with connections that the limits allow.
    private void exhaustMemory() throws IOException {
        availability.away(secondIngest.name());
        restarter.leave(secondIngest);
        try (var heads = new Crowd(secondPort);
                var bodies = new Crowd(secondPort)) {
            heads.connect(HOSTILE_CONNECTIONS).send("GET /v1/banners/counter/1?" + "x".repeat(15_000));
            bodies.connect(HOSTILE_CONNECTIONS)
                    .send("POST /v1/banners/stats/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 65536\r\n\r\n" + " ".repeat(65_000));
            Await.until("ingest B has no memory left", () -> {
                bodies.send("");
                return !secondIngest.isAlive();
            });
        }
        restartAfter(ExitCode.LOG_FAULT, secondIngest); // the exit code of the JVM is the same
    }

    private void failFsync() throws IOException {
        availability.away(secondIngest.name());
        restarter.leave(secondIngest);
        system.failDisk();
        try {
            secondIngest.awaitEnd();
        } finally {
            system.repairDisk();
        }
        restartAfter(ExitCode.LOG_FAULT, secondIngest);
        assertThat(secondIngest.output()).contains("cannot be forced to disk");
    }

    /// The process must have ended by itself, in the way that is expected.
    private void restartAfter(ExitCode expected, TestProcess process) {
        assertThat(process.awaitEnd()).as(process::output).isEqualTo(expected.status());
        process.restart();
        restarter.watch(process);
    }

    /// The audit reads a folder of links to the files of the log, so that the log itself stays whole.
    private void deleteFileUnderAudit() throws IOException {
        audits++;
        Path data = Files.createDirectories(folder.resolve("audit-" + audits));
        Path log = Files.createDirectory(data.resolve("log"));
        List<Path> cycles = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(service.logFolder())) {
            for (Path file : files) {
                Path link = Files.createLink(log.resolve(file.getFileName()), file);
                if (link.toString().endsWith(".cq4")) {
                    cycles.add(link);
                }
            }
        }
        TestProcess audit = service.launch(
                "audit-" + audits,
                Map.of("DATA_DIR", data.toAbsolutePath().toString()),
                Program.TOOLS.command(TestProcess.ROOT, "audit"));
        LockSupport.parkNanos(someNs() / 2);
        Files.delete(cycles.get(audits % cycles.size()));
        assertThat(audit.awaitEnd())
                .as(audit::output)
                .isIn(ExitCode.STOPPED.status(), ExitCode.START_FAILED.status(), ExitCode.LOG_MISMATCH.status());
        assertThat(audit.output()).doesNotContain("differ;");
    }

    /// While a jump is held back, the service's time may be wrong by some hundredths of a second. So no minute ends
    /// meanwhile, because a click that is sent just then would be in the other minute.
    private void stepClock(Duration wrongBy) throws IOException {
        Await.until(
                "no minute ends while the clock is wrong",
                () -> System.currentTimeMillis() % MINUTE.toMillis()
                        < MINUTE.minus(ROOM).toMillis());
        system.setClock(wrongBy);
        try {
            lastAWhile();
        } finally {
            system.setClock(Duration.ZERO);
        }
    }

    private void freezeIngest(TestProcess ingest) {
        availability.frozen(ingest.name());
        freeze(ingest);
        availability.thawed(ingest.name());
    }

    private void freeze(TestProcess process) {
        process.signal("STOP");
        lastAWhile();
        process.signal("CONT");
    }

    private void freezeDatabase() {
        Runnable thaw = database.freeze();
        lastAWhile();
        thaw.run();
    }

    /// Each restart changes when the process answers: at once, or after the disk has the click.
    private void stopAndStartIngest(TestProcess ingest) {
        availability.away(ingest.name());
        boolean willCommit = !committing.remove(ingest);
        if (willCommit) {
            committing.add(ingest);
        }
        stopAndStart(ingest, Map.of("LOG_SYNC", willCommit ? "commit" : "1s"));
    }

    /// Whether an ingest process runs with `LOG_SYNC=commit`.
    boolean isCommitting() {
        return !committing.isEmpty();
    }

    private void stopAndStart(TestProcess process) {
        stopAndStart(process, Map.of());
    }

    private void stopAndStart(TestProcess process, Map<String, String> differing) {
        restarter.leave(process);
        int exitCode = process.stop();
        assertThat(exitCode).as(process::output).isEqualTo(ExitCode.STOPPED.status());
        restarter.ended(process, exitCode);
        process.restart(differing);
        restarter.watch(process);
    }

    private void makeReadOnly() throws SQLException {
        database.setReadOnly(true);
        try {
            stopAndStart(database.process());
            database.process().awaitReady();
            lastAWhile();
        } finally {
            database.setReadOnly(false);
        }
    }

    /// Holds every connection that PostgreSQL has, including those that the service had.
    private void takeAllConnections() throws SQLException {
        List<Connection> taken = new ArrayList<>();
        try {
            takeConnections(taken);
            database.endConnectionsOfTheService();
            long endNs = System.nanoTime() + someNs();
            while (System.nanoTime() < endNs) {
                takeConnections(taken);
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        } finally {
            for (Connection connection : taken) {
                connection.close();
            }
        }
    }

    private void takeConnections(List<Connection> taken) {
        try {
            while (true) {
                taken.add(database.connect());
            }
        } catch (SQLException noneLeft) {
            // Now all connections are taken.
        }
    }

    private void refuse() {
        network.refuse();
        network.cutAll();
        lastAWhile();
        network.accept();
    }

    private void stall() {
        network.stall();
        lastAWhile();
        network.resume();
    }

    /// If other faults keep the aggregator from committing for a long time, the cut happens later.
    private void cutCommit(CutPoint point) throws Exception {
        try {
            network.cutAtNextCommit(point).get(MAX_COMMIT_WAIT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException later) {
            // The proxy still cuts the next commit.
        }
    }

    private void startSecondAggregator() {
        TestProcess first = service.aggregator();
        restarter.leave(first);
        startAnotherAggregator();
        expectSuperseded(first);
    }

    /// The first aggregator may be frozen at any moment, even within a transaction.
    private void replaceFrozenAggregator() {
        TestProcess first = service.aggregator();
        restarter.leave(first);
        first.signal("STOP");
        startAnotherAggregator();
        first.signal("CONT");
        expectSuperseded(first);
    }

    private void startAnotherAggregator() {
        aggregators++;
        TestProcess second = service.launch("aggregator-" + aggregators, Program.AGGREGATOR, Map.of());
        restarter.watch(second);
        service.handOverTo(second);
        restarter.awaitReady(second);
    }

    private void expectSuperseded(TestProcess first) {
        int exitCode = first.awaitEnd();
        assertThat(exitCode).as(first::output).isEqualTo(ExitCode.SUPERSEDED.status());
        assertThat(first.output()).contains("Another aggregator has taken this log over");
        restarter.ended(first, exitCode);
    }

    private void lastAWhile() {
        LockSupport.parkNanos(someNs());
    }

    private long someNs() {
        int millis;
        synchronized (random) {
            millis = MIN_LENGTH_MS + random.nextInt(MAX_LENGTH_MS - MIN_LENGTH_MS);
        }
        return Duration.ofMillis(millis).toNanos();
    }
}
