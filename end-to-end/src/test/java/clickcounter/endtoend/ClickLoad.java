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
    private final int banners;
    private final long pauseNs;
    private final SentClicks sent;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Future<?>> connections = new ArrayList<>();
    private volatile boolean ending;

    private ClickLoad(
            List<Integer> ports, int connectionCount, int banners, int clicksPerSecond, long seed, SentClicks sent) {
        this.ports = List.copyOf(ports);
        this.banners = banners;
        this.sent = sent;
        pauseNs = Duration.ofSeconds(1).toNanos() * connectionCount / clicksPerSecond;
        for (int connection = 0; connection < connectionCount; connection++) {
            var random = new Random(seed + connection);
            connections.add(threads.submit(() -> run(random)));
        }
    }

    /// Clicks on one port.
    ///
    /// @param banners banners are numbered from 1 to this
    /// @param clicksPerSecond the approximate rate of all connections together
    /// @param sent is told about each click
    static ClickLoad start(
            int port, int connectionCount, int banners, int clicksPerSecond, long seed, SentClicks sent) {
        return start(List.of(port), connectionCount, banners, clicksPerSecond, seed, sent);
    }

    /// Clicks on several ports.
    static ClickLoad start(
            List<Integer> ports, int connectionCount, int banners, int clicksPerSecond, long seed, SentClicks sent) {
        return new ClickLoad(ports, connectionCount, banners, clicksPerSecond, seed, sent);
    }

    /// Waits for the running requests.
    void end() {
        ending = true;
        try {
            for (Future<?> connection : connections) {
                connection.get();
            }
        } catch (InterruptedException | ExecutionException failure) {
            throw new AssertionError("A connection of the load failed.", failure);
        }
    }

    private void run(Random random) {
        while (!ending) {
            try (var connection = new ClickClient(ports.get(random.nextInt(ports.size())))) {
                int clicks = 0;
                while (!ending && click(connection, random) && (ports.size() == 1 || clicks < CLICKS_PER_CONNECTION)) {
                    clicks++;
                    LockSupport.parkNanos(pauseNs);
                }
            } catch (IOException nothingListens) {
                LockSupport.parkNanos(RECONNECT_PAUSE.toNanos());
            }
        }
    }

    /// Returns whether the connection can be used again.
    private boolean click(ClickClient connection, Random random) {
        long bannerId = random.nextLong(banners) + 1;
        boolean isBeacon = random.nextInt(CLICKS_PER_BEACON) == 0;
        long sentMs = System.currentTimeMillis();
        sent.sending(bannerId);
        try {
            int status = isBeacon ? connection.beacon(bannerId) : connection.click(bannerId);
            switch (status) {
                case 204 -> sent.acknowledged(bannerId, sentMs);
                case 503 -> sent.refused(bannerId);
                default -> throw new AssertionError("A click was answered " + status);
            }
            return !connection.isClosing();
        } catch (IOException noAnswer) {
            sent.unanswered(bannerId, sentMs);
            return false;
        }
    }

    @Override
    public void close() {
        ending = true;
        threads.close();
    }
}
