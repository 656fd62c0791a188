package clickcounter.query.http;

import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Notices that a client has closed its connection while its question is being answered.
///
/// Helidon does not tell a handler, and to read from the connection would take the beginning of the next
/// request. So the system is asked, and only while a question takes longer than a second. A client that closes
/// its side but still waits for a slow answer looks like one that has gone, and is taken for one. Only Linux
/// tells; elsewhere no client is taken for gone.
///
/// **Threads**: any.
public final class ClientWatch implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /// How many looks in a row must miss a client, because one may miss it by chance.
    private static final int LOOKS = 2;

    private final Set<Question> questions = ConcurrentHashMap.newKeySet();
    private final PeriodicTask task;

    private ClientWatch(Lifetime lifetime) {
        task = PeriodicTask.start("clients", INTERVAL, lifetime, this::look);
    }

    public static ClientWatch start(Lifetime lifetime) {
        return new ClientWatch(lifetime);
    }

    /// Watches the client of a request.
    ///
    /// @param onGone runs in a thread of its own if the client goes away
    public Question watch(ServerRequest request, Runnable onGone) {
        var question =
                new Question(request.localPeer().port(), request.remotePeer().address(), onGone);
        questions.add(question);
        return question;
    }

    private void look() {
        List<Question> slow = questions.stream().filter(Question::isSlow).toList();
        if (slow.isEmpty()) {
            return;
        }
        // All came to the same port.
        Set<InetSocketAddress> clients = TcpTable.clientsOf(slow.getFirst().port);
        if (clients != null) {
            slow.forEach(question -> question.seen(clients.contains(question.client)));
        }
    }

    /// A question whose client is watched until it is closed.
    public final class Question implements AutoCloseable {
        private final int port;
        private final SocketAddress client;
        private final Runnable onGone;
        private final long beginNs = System.nanoTime();
        private int missed; // used by the watching thread only
        private volatile boolean isGone;

        private Question(int port, SocketAddress client, Runnable onGone) {
            this.port = port;
            this.client = client;
            this.onGone = onGone;
        }

        private boolean isSlow() {
            return !isGone && System.nanoTime() - beginNs >= INTERVAL.toNanos();
        }

        private void seen(boolean isConnected) {
            missed = isConnected ? 0 : missed + 1;
            if (missed == LOOKS) {
                isGone = true;
                Thread.ofVirtual().name("client-gone").start(onGone);
            }
        }

        /// **Errors**: [CloseConnectionException] if the client has gone, so that there is nobody to answer.
        public void requireClient() {
            if (isGone) {
                throw new CloseConnectionException("the client has gone");
            }
        }

        @Override
        public void close() {
            questions.remove(this);
        }
    }

    @Override
    public void close() {
        task.close();
    }
}
