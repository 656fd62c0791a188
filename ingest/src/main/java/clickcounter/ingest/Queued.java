package clickcounter.ingest;

import org.jspecify.annotations.Nullable;

/// A member of a [WaitingQueue]. It is in one queue at most.
///
/// **Threads**: one.
abstract class Queued {
    @Nullable
    WaitingQueue queue;

    @Nullable
    Queued previous;

    @Nullable
    Queued next;

    long sinceNs;
}
