package clickcounter.testing;

import clickcounter.testing.FrontendReader.Message;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A TCP proxy in front of PostgreSQL that fails when it is told to: the network between a process and its
/// database.
///
/// Until then it passes all bytes on. It reads what clients send, so clients must not encrypt; [#url] ensures
/// that.
///
/// **Threads**: any.
public final class FaultyProxy implements AutoCloseable {
    private static final int ANSWER_BUFFER_BYTES = 1 << 16;

    private final URI database;
    private final ServerSocket listener;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable CommitCut> commitCut = new AtomicReference<>();
    private final AtomicInteger refusedConnections = new AtomicInteger();
    private volatile boolean isRefusing;

    /// Guarded by this, on which the threads of all links wait.
    private boolean isStalled;

    /// The moment of a commit at which its connection is lost. The client cannot tell which one it was.
    public enum CutPoint {
        /// The server never gets the commit, and rolls back.
        BEFORE_SERVER_SEES_IT,
        /// The server gets the commit, and may or may not have finished it when the client's connection is cut.
        AFTER_SERVER_HAS_IT,
        /// The server has committed or failed to commit, and the client does not receive the answer.
        AFTER_SERVER_ANSWERED
    }

    private record CommitCut(CutPoint point, CompletableFuture<Void> done) {}

    private FaultyProxy(URI database, ServerSocket listener) {
        this.database = database;
        this.listener = listener;
    }

    /// Listens on a free port of the loopback address and connects each client to the server of `databaseUrl`.
    public static FaultyProxy start(String databaseUrl) {
        try {
            var proxy =
                    new FaultyProxy(URI.create(databaseUrl), new ServerSocket(0, 0, InetAddress.getLoopbackAddress()));
            proxy.threads.execute(proxy::acceptClients);
            return proxy;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// The port on which it listens.
    public int port() {
        return listener.getLocalPort();
    }

    /// The URL that leads through this proxy to the database of `databaseUrl`, which must have no parameters.
    public String url(String databaseUrl) {
        URI url = URI.create(databaseUrl);
        return "%s://%s@%s:%d%s?sslmode=disable"
                .formatted(
                        url.getScheme(),
                        url.getRawUserInfo(),
                        listener.getInetAddress().getHostAddress(),
                        port(),
                        url.getRawPath());
    }

    /// Closes each new connection at once from now on; existing connections stay.
    public void refuse() {
        isRefusing = true;
    }

    /// How many new connections have been closed at once so far.
    public int refusedConnections() {
        return refusedConnections.get();
    }

    /// Accepts new connections again.
    public void accept() {
        isRefusing = false;
    }

    /// Closes all connections to clients and to the server.
    public void cutAll() {
        links.forEach(Link::cut);
    }

    /// Passes no byte on in any direction from now on, as with a lost route or a frozen server: connections stay,
    /// and new ones are accepted.
    public synchronized void stall() {
        isStalled = true;
    }

    /// Passes all bytes on again, including those that were held back.
    public synchronized void resume() {
        isStalled = false;
        notifyAll();
    }

    /// Cuts the connection that commits next, and no other; the result completes when it is cut. Replaces an
    /// earlier order that has not been carried out yet.
    public CompletableFuture<Void> cutAtNextCommit(CutPoint point) {
        var cut = new CommitCut(point, new CompletableFuture<>());
        commitCut.set(cut);
        return cut.done();
    }

    /// Closes all connections and waits for the threads to end.
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        cutAll();
        threads.close();
    }

    private void acceptClients() {
        while (!listener.isClosed()) {
            try {
                open(listener.accept());
            } catch (IOException closedOrServerAway) {
                // The client has been closed, so it sees what it would see without the proxy.
            }
        }
    }

    private void open(Socket client) throws IOException {
        if (isRefusing) {
            client.close();
            refusedConnections.incrementAndGet();
            return;
        }
        try {
            var link = new Link(client, new Socket(database.getHost(), database.getPort()));
            links.add(link);
            threads.execute(link::passRequests);
            threads.execute(link::passAnswers);
            if (listener.isClosed()) {
                link.cut(); // opened while everything was being closed
            }
        } catch (RejectedExecutionException closing) {
            cutAll();
        } catch (IOException serverAway) {
            client.close();
            throw serverAway;
        }
    }

    /// A client's connection together with its connection to the server. Each direction has a thread, which ends
    /// when either side closes.
    private final class Link {
        private final Socket client;
        private final Socket server;

        /// Is set before the server gets the commit that is to be cut; from then on the client receives nothing.
        private volatile @Nullable CommitCut cutting;

        Link(Socket client, Socket server) throws IOException {
            this.client = client;
            this.server = server;
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
        }

        void cut() {
            links.remove(this);
            for (Socket socket : List.of(client, server)) {
                try {
                    socket.close();
                } catch (IOException closedAnyway) {
                    // Nothing needs to be done.
                }
            }
            synchronized (FaultyProxy.this) {
                FaultyProxy.this.notifyAll();
            }
        }

        void passRequests() {
            try {
                var requests = new FrontendReader(new BufferedInputStream(client.getInputStream()));
                OutputStream toServer = server.getOutputStream();
                for (Message message = requests.next(); message != null; message = requests.next()) {
                    awaitFlow();
                    if (message.commits()) {
                        cutting = commitCut.getAndSet(null);
                    }
                    CommitCut cut = cutting;
                    if (cut != null && cut.point == CutPoint.BEFORE_SERVER_SEES_IT) {
                        cut();
                        cut.done.complete(null);
                        return;
                    }
                    toServer.write(message.bytes());
                    if (cut != null && message.isAnswered()) {
                        letServerFinish(cut);
                        return;
                    }
                }
            } catch (IOException closed) {
                // One side has closed; now the other one is closed, too.
            }
            cut();
        }

        /// Lets the server finish a commit that it has. The server's connection stays open until it has answered,
        /// because otherwise it might never read what was sent.
        private void letServerFinish(CommitCut cut) throws IOException {
            if (cut.point == CutPoint.AFTER_SERVER_HAS_IT) {
                client.close();
                cut.done.complete(null);
            }
            server.shutdownOutput();
        }

        void passAnswers() {
            try {
                InputStream fromServer = server.getInputStream();
                byte[] buffer = new byte[ANSWER_BUFFER_BYTES];
                for (int length = fromServer.read(buffer); length >= 0; length = fromServer.read(buffer)) {
                    CommitCut cut = cutting;
                    if (cut == null) {
                        awaitFlow();
                        client.getOutputStream().write(buffer, 0, length);
                    } else if (cut.point == CutPoint.AFTER_SERVER_ANSWERED) {
                        cut();
                        cut.done.complete(null);
                    }
                }
            } catch (IOException closed) {
                // As above.
            }
            cut();
        }

        private void awaitFlow() throws IOException {
            synchronized (FaultyProxy.this) {
                while (isStalled && !server.isClosed()) {
                    try {
                        FaultyProxy.this.wait();
                    } catch (InterruptedException closing) {
                        throw new IOException(closing);
                    }
                }
            }
        }
    }
}
