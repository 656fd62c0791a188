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
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Clicks on random banners from many connections, until it is told to end.
final class ClickLoad implements AutoCloseable {
    private static final Duration RECONNECT_PAUSE = Duration.ofMillis(20);

    private final int port;
    private final int banners;
    private final long pauseNs;
    private final ExecutorService connections = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Future<Ledger>> ledgers = new ArrayList<>();
    private final AtomicLong lastAnswerNs = new AtomicLong(System.nanoTime());
    private final AtomicLong longestPauseNs = new AtomicLong();
    private volatile boolean ending;

    /// @param banners banners are numbered from 1 to this
    /// @param clicksPerSecond of all connections together, roughly
    private ClickLoad(int port, int connectionCount, int banners, int clicksPerSecond, long seed) {
        this.port = port;
        this.banners = banners;
        pauseNs = Duration.ofSeconds(1).toNanos() * connectionCount / clicksPerSecond;
        for (int connection = 0; connection < connectionCount; connection++) {
            var random = new Random(seed + connection);
            ledgers.add(connections.submit(() -> run(random)));
        }
    }

    static ClickLoad start(int port, int connectionCount, int banners, int clicksPerSecond, long seed) {
        return new ClickLoad(port, connectionCount, banners, clicksPerSecond, seed);
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

    /// The longest time in which no connection got a 204.
    Duration longestPause() {
        return Duration.ofNanos(longestPauseNs.get());
    }

    private Ledger run(Random random) {
        var ledger = new Ledger();
        while (!ending) {
            try (var connection = new ClickConnection(port)) {
                while (!ending) {
                    if (!click(connection, random.nextLong(banners) + 1, ledger)) {
                        break;
                    }
                    LockSupport.parkNanos(pauseNs);
                }
            } catch (IOException nobodyListens) {
                LockSupport.parkNanos(RECONNECT_PAUSE.toNanos());
            }
        }
        return ledger;
    }

    /// Returns whether the connection can be used on.
    private boolean click(ClickConnection connection, long bannerId, Ledger ledger) {
        long sentMillis = System.currentTimeMillis();
        try {
            int status = connection.click(bannerId);
            if (status == 204) {
                ledger.acknowledged(bannerId, sentMillis, System.currentTimeMillis());
                noteAnswer();
            } else if (status == 503) {
                ledger.refused();
            } else {
                throw new AssertionError("A click was answered " + status);
            }
            return true;
        } catch (IOException noAnswer) {
            ledger.unanswered(bannerId, sentMillis, System.currentTimeMillis());
            return false;
        }
    }

    private void noteAnswer() {
        long nowNs = System.nanoTime();
        long pause = nowNs - lastAnswerNs.getAndSet(nowNs);
        longestPauseNs.accumulateAndGet(pause, Math::max);
    }

    @Override
    public void close() {
        ending = true;
        connections.close();
    }
}
