package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.endtoend.Fault.Target;
import clickcounter.shared.ExitCode;
import clickcounter.shared.Program;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.FaultyProxy.CutPoint;
import clickcounter.testing.Service;
import clickcounter.testing.TestProcess;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
    private static final Duration MAX_COMMIT_WAIT = Duration.ofSeconds(20);

    private final Service service;
    private final TestProcess secondIngest;
    private final DatabaseProcess database;
    private final FaultyProxy network;
    private final Restarter restarter;
    private final Availability availability;
    private final Random random;
    private final List<Fault> all;
    private final Deque<Fault> deck = new ArrayDeque<>();
    private int aggregators = 1;

    Faults(
            Service service,
            TestProcess secondIngest,
            DatabaseProcess database,
            FaultyProxy network,
            Restarter restarter,
            Availability availability,
            Random random) {
        this.service = service;
        this.secondIngest = secondIngest;
        this.database = database;
        this.network = network;
        this.restarter = restarter;
        this.availability = availability;
        this.random = random;
        all = catalogue();
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
            boolean isFree = dealt.stream().noneMatch(other -> other.target() == fault.target());
            if (dealt.size() < max && isFree) {
                deck.remove(fault);
                dealt.add(delayed(fault));
            }
        }
        return dealt;
    }

    private Fault delayed(Fault fault) {
        long delayNs = Duration.ofMillis(random.nextInt(MAX_DELAY_MS)).toNanos();
        return new Fault(fault.name(), fault.target(), () -> {
            LockSupport.parkNanos(delayNs);
            fault.action().run();
        });
    }

    private void killIngest(TestProcess ingest) {
        availability.away(ingest.name());
        ingest.kill();
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

    private void stopAndStartIngest(TestProcess ingest) {
        availability.away(ingest.name());
        stopAndStart(ingest);
    }

    private void stopAndStart(TestProcess process) {
        restarter.leave(process);
        int exitCode = process.stop();
        assertThat(exitCode).as(process::output).isEqualTo(ExitCode.STOPPED.status());
        restarter.ended(process, exitCode);
        process.restart();
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
