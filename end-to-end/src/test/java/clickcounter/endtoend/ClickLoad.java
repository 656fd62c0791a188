package clickcounter.endtoend;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/// Clicks on random banners from many connections, until it is told to end.
///
/// Where there are several ports, a connection goes to any of them, and is replaced now and then: as behind a
/// proxy, clicks are spread over all that listen.
final class ClickLoad implements AutoCloseable {
    private static final Duration RECONNECT_PAUSE = Duration.ofMillis(20);
    private static final int CLICKS_PER_CONNECTION = 500;

    /// One click in so many is sent as a `POST`, the others as `GET`.
    private static final int CLICKS_PER_BEACON = 4;

    private final List<Integer> ports;
    private final ClickTally tally;
    private final long pauseNs;
    private final ExecutorService connections = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Future<Ledger>> ledgers = new ArrayList<>();
    private volatile boolean ending;

    private ClickLoad(List<Integer> ports, int connectionCount, int clicksPerSecond, long seed, ClickTally tally) {
        this.ports = List.copyOf(ports);
        this.tally = tally;
        pauseNs = Duration.ofSeconds(1).toNanos() * connectionCount / clicksPerSecond;
        for (int connection = 0; connection < connectionCount; connection++) {
            var random = new Random(seed + connection);
            ledgers.add(connections.submit(() -> run(random)));
        }
    }

    /// Clicks on one port.
    ///
    /// @param banners banners are numbered from 1 to this
    /// @param clicksPerSecond of all connections together, roughly
    static ClickLoad start(int port, int connectionCount, int banners, int clicksPerSecond, long seed) {
        return start(List.of(port), connectionCount, clicksPerSecond, seed, new ClickTally(banners, () -> {}));
    }

    /// Clicks on several ports.
    ///
    /// @param tally is told of each click, and says how many banners there are
    static ClickLoad start(List<Integer> ports, int connectionCount, int clicksPerSecond, long seed, ClickTally tally) {
        return new ClickLoad(ports, connectionCount, clicksPerSecond, seed, tally);
    }

    /// Lets running requests end and returns what all connections know.
    Ledger end() {
        ending = true;
        var ledger = new Ledger();
        try {
            for (Future<Ledger> connection : ledgers) {
                ledger.add(connection.get());
            }
        } catch (InterruptedException | ExecutionException failure) {
            throw new AssertionError("A connection of the load failed.", failure);
        }
        return ledger;
    }

    private Ledger run(Random random) {
        var ledger = new Ledger();
        while (!ending) {
            try (var connection = new ClickConnection(ports.get(random.nextInt(ports.size())))) {
                int clicks = 0;
                while (!ending
                        && click(connection, random, ledger)
                        && (ports.size() == 1 || clicks < CLICKS_PER_CONNECTION)) {
                    clicks++;
                    LockSupport.parkNanos(pauseNs);
                }
            } catch (IOException nobodyListens) {
                LockSupport.parkNanos(RECONNECT_PAUSE.toNanos());
            }
        }
        return ledger;
    }

    /// Returns whether the connection can be used on.
    private boolean click(ClickConnection connection, Random random, Ledger ledger) {
        long bannerId = random.nextLong(tally.banners()) + 1;
        long sentMillis = System.currentTimeMillis();
        tally.sending(bannerId);
        try {
            int status =
                    random.nextInt(CLICKS_PER_BEACON) == 0 ? connection.beacon(bannerId) : connection.click(bannerId);
            if (status == 204) {
                ledger.acknowledged(bannerId, sentMillis, System.currentTimeMillis());
                tally.acknowledged(bannerId);
            } else if (status == 503) {
                ledger.refused();
                tally.refused(bannerId);
            } else {
                throw new AssertionError("A click was answered " + status);
            }
            return !connection.isClosing();
        } catch (IOException noAnswer) {
            ledger.unanswered(bannerId, sentMillis, System.currentTimeMillis());
            tally.unanswered();
            return false;
        }
    }

    @Override
    public void close() {
        ending = true;
        connections.close();
    }
}
