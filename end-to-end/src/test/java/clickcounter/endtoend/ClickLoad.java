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

/// Clicks on random banners from many connections until it is told to end.
///
/// If there are several ports, each connection picks one at random and is replaced now and then, so that the
/// clicks are spread over all processes as they are behind a proxy.
final class ClickLoad implements AutoCloseable {
    private static final Duration RECONNECT_PAUSE = Duration.ofMillis(20);
    private static final int CLICKS_PER_CONNECTION = 500;

    /// One click out of this many is sent as a `POST`, the others as a `GET`.
    private static final int CLICKS_PER_BEACON = 4;

    private final List<Integer> ports;
    private final ClickTally tally;
    private final long pauseNs;
    private final ExecutorService connections = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Future<SentClicks>> sentByConnection = new ArrayList<>();
    private volatile boolean ending;

    private ClickLoad(List<Integer> ports, int connectionCount, int clicksPerSecond, long seed, ClickTally tally) {
        this.ports = List.copyOf(ports);
        this.tally = tally;
        pauseNs = Duration.ofSeconds(1).toNanos() * connectionCount / clicksPerSecond;
        for (int connection = 0; connection < connectionCount; connection++) {
            var random = new Random(seed + connection);
            sentByConnection.add(connections.submit(() -> run(random)));
        }
    }

    /// Clicks on one port.
    ///
    /// @param banners banners are numbered from 1 to this
    /// @param clicksPerSecond the approximate rate of all connections together
    static ClickLoad start(int port, int connectionCount, int banners, int clicksPerSecond, long seed) {
        return start(List.of(port), connectionCount, clicksPerSecond, seed, new ClickTally(banners, () -> {}));
    }

    /// Clicks on several ports.
    ///
    /// @param tally is told about each click and defines how many banners there are
    static ClickLoad start(List<Integer> ports, int connectionCount, int clicksPerSecond, long seed, ClickTally tally) {
        return new ClickLoad(ports, connectionCount, clicksPerSecond, seed, tally);
    }

    /// Waits for the running requests and returns what all connections have sent.
    SentClicks end() {
        ending = true;
        var sent = new SentClicks();
        try {
            for (Future<SentClicks> connection : sentByConnection) {
                sent.add(connection.get());
            }
        } catch (InterruptedException | ExecutionException failure) {
            throw new AssertionError("A connection of the load failed.", failure);
        }
        return sent;
    }

    private SentClicks run(Random random) {
        var sent = new SentClicks();
        while (!ending) {
            try (var connection = new ClickClient(ports.get(random.nextInt(ports.size())))) {
                int clicks = 0;
                while (!ending
                        && click(connection, random, sent)
                        && (ports.size() == 1 || clicks < CLICKS_PER_CONNECTION)) {
                    clicks++;
                    LockSupport.parkNanos(pauseNs);
                }
            } catch (IOException nobodyListens) {
                LockSupport.parkNanos(RECONNECT_PAUSE.toNanos());
            }
        }
        return sent;
    }

    /// Returns whether the connection can be used again.
    private boolean click(ClickClient connection, Random random, SentClicks sent) {
        long bannerId = random.nextLong(tally.banners()) + 1;
        long sentMillis = System.currentTimeMillis();
        tally.sending(bannerId);
        try {
            int status =
                    random.nextInt(CLICKS_PER_BEACON) == 0 ? connection.beacon(bannerId) : connection.click(bannerId);
            if (status == 204) {
                sent.acknowledged(bannerId, sentMillis, System.currentTimeMillis());
                tally.acknowledged(bannerId);
            } else if (status == 503) {
                sent.refused();
                tally.refused(bannerId);
            } else {
                throw new AssertionError("A click was answered " + status);
            }
            return !connection.isClosing();
        } catch (IOException noAnswer) {
            sent.unanswered(bannerId, sentMillis, System.currentTimeMillis());
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
