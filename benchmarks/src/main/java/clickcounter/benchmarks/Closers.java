package clickcounter.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/// What is to be closed, the latest first.
final class Closers implements Closeable {
    private final Deque<Closeable> open = new ArrayDeque<>();

    <T extends Closeable> T add(T opened) {
        open.push(opened);
        return opened;
    }

    @Override
    public void close() throws IOException {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
