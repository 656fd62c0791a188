package clickcounter.endtoend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/// Measures the longest time in which no client was answered 204, for each state that the ingest processes were
/// in.
///
/// On a busy machine every program waits for a processor. So that this is not taken for a fault of the service,
/// two threads of the test send a byte to each other all the time; the time that this takes beyond the usual is
/// the machine's share of a silence.
///
/// **Threads**: any.
final class Availability implements AutoCloseable {
    private static final Duration PULSE_PAUSE = Duration.ofMillis(2);
    private static final Duration USUAL_PULSE = Duration.ofMillis(1);

    private final Set<String> ready = new HashSet<>();
    private final Set<String> frozen = new HashSet<>();
    private final Map<State, Silence> longest = new EnumMap<>(State.class);
    private final ExecutorService pulse = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("pulse-", 0).daemon().factory());
    private final ServerSocket listener;
    private boolean isLoaded;
    private String during = "";
    private State state = State.NOBODY;
    private long silentSinceNs = System.nanoTime();
    private long stalledNs;
    private long pulseSentNs = silentSinceNs;

    enum State {
        /// At least one ingest process is ready and none is frozen: clicks must be answered.
        READY,
        /// One ingest process is ready and another is frozen; if the frozen one happens to hold the log's lock,
        /// the other has to wait for it or refuse clicks.
        ONE_IS_FROZEN,
        /// No ingest process is both ready and not frozen, or no clicks are sent.
        NOBODY
    }

    /// A time without a 204.
    ///
    /// @param machine the part in which the machine did not even let the test talk to itself
    /// @param during what was being done to the service
    record Silence(Duration length, Duration machine, String during) {
        static final Silence NONE = new Silence(Duration.ZERO, Duration.ZERO, "");

        /// The part that the service is responsible for.
        Duration ofTheService() {
            return length.minus(machine);
        }
    }

    Availability() {
        try {
            listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        pulse.execute(this::echo);
        pulse.execute(this::measure);
    }

    private void echo() {
        try (Socket socket = listener.accept()) {
            socket.setTcpNoDelay(true);
            for (int one = socket.getInputStream().read();
                    one >= 0;
                    one = socket.getInputStream().read()) {
                socket.getOutputStream().write(one);
            }
        } catch (IOException closed) {
            // The measurement ends in this way.
        }
    }

    private void measure() {
        try (var socket = new Socket(listener.getInetAddress(), listener.getLocalPort())) {
            socket.setTcpNoDelay(true);
            while (!listener.isClosed()) {
                sendPulse();
                socket.getOutputStream().write(1);
                boolean isOpen = socket.getInputStream().read() >= 0;
                endPulse();
                if (!isOpen) {
                    return;
                }
                LockSupport.parkNanos(PULSE_PAUSE.toNanos());
            }
        } catch (IOException closed) {
            // The measurement ends in this way.
        }
    }

    private synchronized void sendPulse() {
        // The machine is also to blame for a pause that lasted too long.
        noteStall(PULSE_PAUSE.plus(USUAL_PULSE));
    }

    private synchronized void endPulse() {
        noteStall(USUAL_PULSE);
    }

    private void noteStall(Duration usual) {
        long nowNs = System.nanoTime();
        stalledNs += Math.max(0, nowNs - Math.max(pulseSentNs, silentSinceNs) - usual.toNanos());
        pulseSentNs = nowNs;
    }

    synchronized void answered() {
        endSilence();
    }

    synchronized void ready(String ingest) {
        ready.add(ingest);
        update();
    }

    synchronized void away(String ingest) {
        ready.remove(ingest);
        update();
    }

    synchronized void frozen(String ingest) {
        frozen.add(ingest);
        update();
    }

    synchronized void thawed(String ingest) {
        frozen.remove(ingest);
        update();
    }

    /// Whether clicks are being sent.
    synchronized void loaded(boolean isSent) {
        isLoaded = isSent;
        update();
    }

    synchronized void during(String what) {
        during = what;
    }

    /// The silence with the longest part that the service is responsible for.
    synchronized Silence longestSilence(State inState) {
        return longest.getOrDefault(inState, Silence.NONE);
    }

    private void update() {
        endSilence();
        if (!isLoaded || frozen.containsAll(ready)) {
            state = State.NOBODY;
        } else {
            state = frozen.isEmpty() ? State.READY : State.ONE_IS_FROZEN;
        }
    }

    private void endSilence() {
        long nowNs = System.nanoTime();
        var silence = new Silence(Duration.ofNanos(nowNs - silentSinceNs), Duration.ofNanos(stalledNs), during);
        silentSinceNs = nowNs;
        stalledNs = 0;
        if (silence.ofTheService().compareTo(longestSilence(state).ofTheService()) > 0) {
            longest.put(state, silence);
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
