package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The clients of a [Relay], so that what is asked for one that has gone can be given up, and so that Helidon gets no
/// more of them at a time than it can begin to answer.
///
/// Helidon has a virtual thread for each. The JDK may run new ones before those that wait for query, so that in a flood
/// of connections the other ones would wait for seconds.
///
/// Helidon's handlers see a connection of the relay, and do not notice its end before they write to it. So each such
/// connection begins with a header of the PROXY protocol, whose two ports are the number of its client.
///
/// **Threads**: any.
final class RelayedClients {
    private static final int MAX_NOT_BEGUN = 8;

    private final Map<Integer, Client> clients = new ConcurrentHashMap<>();
    private final AtomicInteger lastNumber = new AtomicInteger();
    private final AtomicInteger notBegun = new AtomicInteger();
    private volatile Runnable onRoom = () -> {};

    /// One client, until its connection is closed.
    final class Client implements AutoCloseable {
        private final int number = lastNumber.incrementAndGet();
        private @Nullable Thread waiting; // guarded by this, like the next
        private boolean isGone;
        private boolean isCancelled;
        private final AtomicBoolean hasBegun = new AtomicBoolean();

        private Client() {
            clients.put(number, this);
            notBegun.incrementAndGet();
        }

        /// Notes that the first request is being answered, or never will be.
        void begin() {
            if (hasBegun.compareAndSet(false, true) && notBegun.getAndDecrement() == MAX_NOT_BEGUN) {
                onRoom.run();
            }
        }

        /// What must be sent to Helidon before the bytes of the client.
        ByteBuffer header() {
            return ByteBuffer.wrap("PROXY TCP4 0.0.0.0 0.0.0.0 %d %d\r\n"
                    .formatted(number >>> Short.SIZE, number & 0xFFFF)
                    .getBytes(US_ASCII));
        }

        /// Notes which thread waits for an answer to the client, or that none does any more. If the client has gone,
        /// the thread is interrupted at once.
        synchronized void waitsIn(@Nullable Thread thread) {
            waiting = thread;
            isCancelled = false;
            if (isGone) {
                cancel();
            }
        }

        /// Interrupts the thread that waits for an answer to the client.
        synchronized void cancel() {
            if (waiting != null) {
                isCancelled = true;
                waiting.interrupt();
            }
        }

        /// Whether what the client waits for was cancelled.
        synchronized boolean isCancelled() {
            return isCancelled;
        }

        @Override
        public void close() {
            begin();
            clients.remove(number);
            synchronized (this) {
                isGone = true;
                cancel();
            }
        }
    }

    Client add() {
        return new Client();
    }

    /// Whether Helidon may get another one.
    boolean hasRoom() {
        return notBegun.get() < MAX_NOT_BEGUN;
    }

    /// Says what to do when there is room again.
    void onRoom(Runnable action) {
        onRoom = action;
    }

    /// Handles each request first: notes that it is being answered.
    void begin(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        Client client = of(request);
        if (client != null) {
            client.begin();
        }
        chain.proceed();
    }

    /// Returns the client of a request; null if it has gone.
    @Nullable
    Client of(ServerRequest request) {
        return request.proxyProtocolData()
                .map(header -> clients.get(header.sourcePort() << Short.SIZE | header.destPort()))
                .orElse(null);
    }
}
