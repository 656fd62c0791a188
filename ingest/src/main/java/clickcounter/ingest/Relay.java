package clickcounter.ingest;

import clickcounter.ingest.ConnectionMetrics.Closed;
import clickcounter.shared.Lifetime;
import clickcounter.shared.http.HttpSettings;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Connects the clients whose requests no [ClickLoop] answers with Helidon, which listens on a Unix socket of its own.
/// One thread copies the bytes in both directions until both sides have ended.
///
/// A relay does not understand what it copies, so it limits what Helidon may have to keep: the bytes that a client
/// sends without getting any back, of each client and of all together.
///
/// **Threads**: any thread may give it connections; everything else happens in its own.
final class Relay extends SelectorThread {
    private static final Logger logger = LoggerFactory.getLogger(Relay.class);
    private static final int BUFFER_BYTES = 16 << 10;

    /// Beside twice the longest body, which chunks may lengthen: the longest head and what is pipelined behind it.
    private static final long MORE_THAN_BODIES = 64 << 10;

    /// Files of connections that are closed are free only after the next selection, so not too many may be
    /// closed before it.
    private static final int MAX_WELCOMES = 16;

    private static final long LINGER_NS = Duration.ofSeconds(2).toNanos();

    /// How long a client that sends nothing more may wait for an answer before it is taken for one that has gone.
    private static final long PATIENCE_NS = Duration.ofSeconds(1).toNanos();

    private final UnixDomainSocketAddress helidon;

    /// Above this, the connection that has been idle longest is closed.
    private final int maxConnections;

    private final long maxBodyBytes;

    /// A client that still sends to what is not answered after this time is closed.
    private final long maxReceiveNs;

    private final ConnectionLimits limits;
    private final ConnectionMetrics connections;
    private final RelayedClients clients;
    private final Queue<Arrival> arriving;

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final WaitingQueue waiting = new WaitingQueue();

    /// Clients to which the last byte was sent. They are closed when they have read it: a connection that is closed
    /// with unread bytes would be reset, perhaps before the answer arrives.
    private final WaitingQueue lingering = new WaitingQueue();

    private final Set<Pair> pairs = new HashSet<>();

    /// What the clients of pairs have sent without getting any bytes back.
    private long unansweredBytes;

    /// What the connections hold that wait to be taken over.
    private final AtomicLong arrivingBytes = new AtomicLong();

    private record Arrival(SocketChannel client, ByteBuffer unread, ByteBuffer unsent) {
        int bytes() {
            return unread.remaining() + unsent.remaining();
        }
    }

    /// One end of a pair, and the bytes that it has not taken.
    private static final class Side {
        private final Pair pair;
        private final SocketChannel channel;
        private final SelectionKey key;
        private ByteBuffer unsent;
        private boolean hasEnded;

        Side(Pair pair, SocketChannel channel, SelectionKey key, ByteBuffer unsent) {
            this.pair = pair;
            this.channel = channel;
            this.key = key;
            this.unsent = unsent;
        }
    }

    private static final class Pair extends Queued {
        private final Side client;
        private final Side helidon;
        private final RelayedClients.Client asker;
        private long unansweredBytes;

        /// When the first of the unanswered bytes arrived.
        private long askedNs;

        Pair(Arrival arrival, SocketChannel toHelidon, Selector selector, RelayedClients.Client asker)
                throws IOException {
            this.asker = asker;
            client = new Side(
                    this, arrival.client, arrival.client.register(selector, SelectionKey.OP_READ), arrival.unsent);
            helidon = new Side(this, toHelidon, toHelidon.register(selector, SelectionKey.OP_READ), arrival.unread);
            client.key.attach(client);
            helidon.key.attach(helidon);
        }

        Side other(Side side) {
            return side == client ? helidon : client;
        }
    }

    private Relay(
            Path helidon,
            HttpSettings settings,
            ConnectionLimits limits,
            ConnectionMetrics connections,
            RelayedClients clients,
            Lifetime lifetime) {
        super("relay", "requests can no longer be relayed", lifetime);
        this.helidon = UnixDomainSocketAddress.of(helidon);
        this.maxConnections = settings.maxRelayed();
        arriving = new ArrayBlockingQueue<>(maxConnections);
        this.maxBodyBytes = settings.maxBodyBytes();
        this.maxReceiveNs = settings.maxReceive().toNanos();
        this.limits = limits;
        this.connections = connections;
        this.clients = clients;
    }

    /// @param helidon the socket that Helidon listens on
    /// @param settings of ingest
    /// @param clients gets those whose connections are open
    static Relay start(
            Path helidon,
            HttpSettings settings,
            ConnectionLimits limits,
            ConnectionMetrics connections,
            RelayedClients clients,
            Lifetime lifetime) {
        var relay = new Relay(helidon, settings, limits, connections, clients, lifetime);
        clients.onRoom(relay.selector::wakeup);
        relay.start();
        return relay;
    }

    /// Takes over a connection, or closes it if too many others, or others with too many bytes, wait to be taken over.
    ///
    /// @param unread bytes from the client that were not processed
    /// @param unsent bytes for the client that it has not received
    void take(SocketChannel client, byte[] unread, byte[] unsent) {
        var arrival = new Arrival(client, ByteBuffer.wrap(unread), ByteBuffer.wrap(unsent));
        boolean hasRoom = arrivingBytes.addAndGet(arrival.bytes()) <= limits.maxArrivingBytes();
        if (!hasRoom || !arriving.offer(arrival)) {
            arrivingBytes.addAndGet(-arrival.bytes());
            connections.closed(hasRoom ? Closed.TOO_MANY : Closed.TOO_MANY_BYTES);
            closeQuietly(client);
        }
        selector.wakeup();
    }

    @Override
    void afterSelection() {
        for (int count = 0; count < MAX_WELCOMES; count++) {
            if (!clients.hasRoom()) {
                return;
            }
            Arrival arrival = arriving.poll();
            if (arrival == null) {
                return;
            }
            arrivingBytes.addAndGet(-arrival.bytes());
            welcome(arrival);
        }
        selector.wakeup();
    }

    @Override
    void finish() {
        Set.copyOf(pairs).forEach(pair -> close(pair, Closed.BY_US));
    }

    private void welcome(Arrival newcomer) {
        Arrival arrival;
        try {
            arrival = withMoreUnread(newcomer);
        } catch (IOException gone) {
            connections.closed(Closed.BY_CLIENT);
            closeQuietly(newcomer.client);
            return;
        }
        // What lingers has its answer, so it goes first.
        Queued first = lingering.first() == null ? waiting.first() : lingering.first();
        if (pairs.size() >= maxConnections && first instanceof Pair longest) {
            close(longest, Closed.TOO_MANY);
        }
        Pair pair;
        SocketChannel toHelidon = null;
        RelayedClients.Client asker = clients.add();
        if (!ClickRequest.hasEmptyLine(arrival.unread)) {
            asker.begin(); // Helidon waits for more, perhaps for long
        }
        try {
            toHelidon = SocketChannel.open(StandardProtocolFamily.UNIX);
            toHelidon.configureBlocking(false);
            if (!toHelidon.connect(helidon)) {
                throw new IOException("too many connections wait to be accepted");
            }
            if (arrival.client.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
                // Without this, an answer in several writes waits 40 ms until the client acknowledges the first.
                arrival.client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            }
            // A new connection takes so few bytes at once.
            toHelidon.write(asker.header());
            pair = new Pair(arrival, toHelidon, selector, asker);
        } catch (IOException failure) {
            logger.debug("a connection cannot be relayed", failure);
            connections.closed(Closed.TOO_MANY);
            asker.close();
            closeQuietly(arrival.client);
            closeQuietly(toHelidon);
            return;
        }
        pairs.add(pair);
        int received = arrival.unread.remaining();
        try {
            sendUnsent(pair.helidon);
            sendUnsent(pair.client);
            count(pair, received);
        } catch (IOException gone) {
            close(pair, Closed.BY_CLIENT);
        }
    }

    /// Adds what has arrived meanwhile.
    ///
    /// **Errors**: [IOException] if the client has left. Nobody needs its answer, which Helidon would still
    /// make.
    private Arrival withMoreUnread(Arrival arrival) throws IOException {
        buffer.clear();
        if (arrival.client.read(buffer) <= 0) {
            return arrival;
        }
        buffer.flip();
        ByteBuffer unread = ByteBuffer.allocate(arrival.unread.remaining() + buffer.remaining());
        return new Arrival(
                arrival.client, unread.put(arrival.unread).put(buffer).flip(), arrival.unsent);
    }

    @Override
    void serve(SelectionKey key) {
        var side = (Side) key.attachment();
        try {
            if (side.unsent.hasRemaining()) {
                sendUnsent(side);
            } else {
                copyFrom(side);
            }
        } catch (IOException | CancelledKeyException gone) {
            close(side.pair, Closed.BY_CLIENT);
        }
    }

    private void copyFrom(Side side) throws IOException {
        Pair pair = side.pair;
        Side other = pair.other(side);
        if (other.unsent.hasRemaining()) {
            return;
        }
        buffer.clear();
        int length = side.channel.read(buffer);
        if (length < 0) {
            end(side, other);
            return;
        }
        if (pair.helidon.hasEnded) {
            return; // nobody reads it
        }
        long nowNs = System.nanoTime();
        if (side == pair.helidon) {
            pair.asker.begin();
        } else if (pair.unansweredBytes > 0 && nowNs - pair.askedNs > maxReceiveNs) {
            close(pair, Closed.SLOW);
            return;
        }
        waiting.add(pair, nowNs);
        other.channel.write(buffer.flip());
        if (buffer.hasRemaining()) {
            other.unsent = ByteBuffer.wrap(ClickConnection.rest(buffer));
            updateInterest(pair);
        }
        count(pair, side == pair.client ? length : -pair.unansweredBytes);
    }

    /// Passes on that a side sends nothing more.
    private void end(Side side, Side other) throws IOException {
        Pair pair = side.pair;
        side.hasEnded = true;
        if (other.hasEnded) {
            close(pair, side == pair.client ? Closed.BY_CLIENT : Closed.BY_US);
            return;
        }
        other.channel.shutdownOutput();
        updateInterest(pair);
        if (side == pair.helidon) {
            lingering.add(pair, System.nanoTime());
        }
    }

    private void sendUnsent(Side side) throws IOException {
        side.channel.write(side.unsent);
        waiting.add(side.pair, System.nanoTime());
        updateInterest(side.pair);
    }

    /// Lets each side be read while the other side has taken everything, and written while it has not.
    private static void updateInterest(Pair pair) {
        updateInterest(pair.client, pair.helidon);
        updateInterest(pair.helidon, pair.client);
    }

    private static void updateInterest(Side side, Side other) {
        int reads = side.hasEnded || other.unsent.hasRemaining() ? 0 : SelectionKey.OP_READ;
        int writes = side.unsent.hasRemaining() ? SelectionKey.OP_WRITE : 0;
        side.key.interestOps(reads | writes);
    }

    /// Counts bytes that a client has sent and that were not answered.
    private void count(Pair pair, long bytes) {
        if (pair.unansweredBytes == 0) {
            pair.askedNs = System.nanoTime();
        }
        pair.unansweredBytes += bytes;
        unansweredBytes += bytes;
        if (pair.unansweredBytes > 2 * maxBodyBytes + MORE_THAN_BODIES) {
            close(pair, Closed.TOO_MANY_BYTES);
        } else if (unansweredBytes > Math.max(limits.maxUnansweredBytes(), 3 * maxBodyBytes)) {
            pairs.stream()
                    .max(Comparator.comparingLong(each -> each.unansweredBytes))
                    .ifPresent(largest -> close(largest, Closed.TOO_MANY_BYTES));
        }
    }

    @Override
    void tick(long nowNs) {
        for (Pair pair : pairs) {
            // Whatever Helidon does with it, a client keeps nobody else waiting for longer than from tick to tick.
            pair.asker.begin();
            if (pair.client.hasEnded && nowNs - pair.sinceNs > PATIENCE_NS) {
                pair.asker.cancel();
            }
        }
        while (waiting.firstAfter(limits.maxIdle().toNanos(), nowNs) instanceof Pair longest) {
            close(longest, longest.unansweredBytes > 0 ? Closed.SLOW : Closed.IDLE);
        }
        while (lingering.firstAfter(LINGER_NS, nowNs) instanceof Pair longest) {
            close(longest, Closed.BY_US);
        }
    }

    private void close(Pair pair, Closed why) {
        if (!pairs.remove(pair)) {
            return;
        }
        connections.closed(why);
        WaitingQueue.remove(pair);
        pair.asker.close();
        unansweredBytes -= pair.unansweredBytes;
        comeRoundAtOnce();
        closeQuietly(pair.client.channel);
        closeQuietly(pair.helidon.channel);
    }
}
