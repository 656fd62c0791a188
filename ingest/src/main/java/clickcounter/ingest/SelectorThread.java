package clickcounter.ingest;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Lifetime;
import clickcounter.shared.ProcessMain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A thread that serves the channels of a selector until it is closed. If it fails, the process ends.
///
/// **Threads**: its own, except where a method says so.
abstract class SelectorThread implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(SelectorThread.class);
    private static final Duration TICK = Duration.ofSeconds(1);

    /// The thread comes round at least once a second, unless the log or the machine holds it up.
    private static final Duration MAX_STILLNESS = Duration.ofSeconds(30);

    final Selector selector;
    private final Thread thread;
    private volatile boolean isClosing;
    private volatile long passNs = System.nanoTime();
    private long tickNs = System.nanoTime();
    private boolean mayNotWait;

    /// @param failure what can no longer be done after a failure, as the beginning of a sentence
    SelectorThread(String name, String failure, Lifetime lifetime) {
        try {
            selector = Selector.open();
        } catch (IOException noMoreFiles) {
            throw new UncheckedIOException(noMoreFiles);
        }
        thread = Thread.ofPlatform().name(name).daemon().unstarted(() -> run(failure, lifetime));
    }

    /// **Threads**: any.
    final void start() {
        thread.start();
    }

    /// Returns what is wrong if the thread does not come round any more, or null.
    ///
    /// **Threads**: any.
    final @Nullable String problem() {
        var stillness = Duration.ofNanos(System.nanoTime() - passNs);
        return stillness.compareTo(MAX_STILLNESS) < 0
                ? null
                : "The thread %s has looked at no connection for %d s."
                        .formatted(thread.getName(), stillness.toSeconds());
    }

    private void run(String failure, Lifetime lifetime) {
        try {
            begin();
            while (!isClosing) {
                pass();
            }
            finish();
            selector.selectNow();
            selector.close();
        } catch (Throwable unexpected) {
            ProcessMain.haltIfBroken(unexpected);
            logger.error(failure, unexpected);
            lifetime.end(ExitCode.UNEXPECTED, failure + ": " + unexpected);
        }
    }

    /// Selects once, and does everything that follows from it.
    final void pass() throws IOException {
        beforeSelection();
        if (mayNotWait) {
            mayNotWait = false;
            selector.selectNow(this::serve);
        } else {
            selector.select(this::serve, TICK.toMillis());
        }
        afterSelection();
        passNs = System.nanoTime();
        if (passNs - tickNs >= TICK.toNanos()) {
            tickNs = passNs;
            tick(passNs);
        }
    }

    /// Lets the next selection return at once: there is more to do, or a channel has left, whose file the
    /// selector lets go only when it selects again.
    final void comeRoundAtOnce() {
        mayNotWait = true;
    }

    static void closeQuietly(@Nullable SocketChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException closedAnyway) {
                // It is of no more use.
            }
        }
    }

    /// Runs once, before the first selection.
    void begin() throws IOException {}

    void beforeSelection() {}

    abstract void serve(SelectionKey key);

    abstract void afterSelection();

    /// Runs once a second.
    abstract void tick(long nowNs);

    /// Closes all channels.
    abstract void finish() throws IOException;

    /// Lets the thread begin to close all channels.
    ///
    /// **Threads**: any.
    final void askToClose() {
        isClosing = true;
        selector.wakeup();
    }

    /// Closes all channels and waits until the thread has ended.
    ///
    /// **Threads**: any.
    @Override
    public final void close() {
        askToClose();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
