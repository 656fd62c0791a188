package clickcounter.ingest;

import org.jspecify.annotations.Nullable;

/// Connections that wait for something, in the order in which they began to, so that the first one has waited
/// longest. Whatever it does takes the same time, however many there are.
///
/// **Threads**: one.
final class WaitingQueue {
    private @Nullable Queued first;
    private @Nullable Queued last;

    /// Moves the member to the end of this queue, from whichever queue it is in.
    void add(Queued member, long nowNs) {
        remove(member);
        member.queue = this;
        member.sinceNs = nowNs;
        member.previous = last;
        if (last == null) {
            first = member;
        } else {
            last.next = member;
        }
        last = member;
    }

    /// Removes the member from the queue that it is in.
    static void remove(Queued member) {
        WaitingQueue queue = member.queue;
        if (queue == null) {
            return;
        }
        if (member.previous == null) {
            queue.first = member.next;
        } else {
            member.previous.next = member.next;
        }
        if (member.next == null) {
            queue.last = member.previous;
        } else {
            member.next.previous = member.previous;
        }
        member.queue = null;
        member.previous = null;
        member.next = null;
    }

    /// Returns the member that has waited longest.
    @Nullable
    Queued first() {
        return first;
    }

    /// Returns the member that has waited longest if that is longer than `ns`.
    @Nullable
    Queued firstAfter(long ns, long nowNs) {
        return first != null && nowNs - first.sinceNs > ns ? first : null;
    }
}
