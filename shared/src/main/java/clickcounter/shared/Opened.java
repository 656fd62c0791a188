package clickcounter.shared;

import java.util.ArrayDeque;
import java.util.Deque;

/// What was opened, to be closed in reverse order: everything, even if closing some of it fails.
///
/// **Threads**: one.
public final class Opened implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /// Remembers to close `resource`, and returns it.
    public <T extends AutoCloseable> T add(T resource) {
        open.push(resource);
        return resource;
    }

    /// Remembers a step that is due when everything opened later has been closed.
    public void onClose(AutoCloseable step) {
        open.push(step);
    }

    /// Closes everything. Calling it again does nothing.
    ///
    /// **Errors**: the first failure, with all others suppressed; a checked exception is wrapped in an
    /// [IllegalStateException].
    @Override
    public void close() {
        try {
            closeAll();
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException("Closing failed: " + failure, failure);
        }
    }

    /// Closes everything because of `failure`, which the caller throws afterwards; what fails here is suppressed
    /// in it.
    public void closeAfter(Throwable failure) {
        try {
            closeAll();
        } catch (Throwable another) {
            failure.addSuppressed(another);
        }
    }

    private void closeAll() throws Exception {
        if (!open.isEmpty()) {
            try (AutoCloseable _ = this::closeAll;
                    AutoCloseable _ = open.pop()) {
                // The latest is closed first, then all that are left.
            }
        }
    }
}
