package clickcounter.endtoend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/// The id of a process that has ended, given to a thread of this JVM. Linux takes both from the same numbers,
/// and tells root which number is next.
///
/// **Threads**: one.
final class ReusedProcessId implements AutoCloseable {
    private static final Path LAST_ID = Path.of("/proc/sys/kernel/ns_last_pid");

    /// Other threads that are started at the same moment may get the number first, and then keep it as well.
    private static final int MAX_ATTEMPTS = 1_000;

    private final CountDownLatch closed = new CountDownLatch(1);

    private ReusedProcessId(long pid) throws IOException {
        for (int attempt = 0;
                attempt < MAX_ATTEMPTS && !Files.exists(Path.of("/proc", Long.toString(pid)));
                attempt++) {
            Files.writeString(LAST_ID, Long.toString(pid - 1));
            Thread.ofPlatform().name("reused-pid").daemon().start(this::live);
        }
    }

    /// Whether this user may choose the next id.
    static boolean isPossible() {
        return Files.isWritable(LAST_ID);
    }

    /// @param pid of a process that has ended
    static ReusedProcessId of(long pid) throws IOException {
        return new ReusedProcessId(pid);
    }

    private void live() {
        try {
            closed.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
