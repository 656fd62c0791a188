package clickcounter.query.statistics;

import clickcounter.query.http.EntityTag.Content;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.Semaphore;

/// Makes long bodies piece by piece, and only a few pieces at a time, so that half of the processor's cores are left
/// for everything else. Virtual threads run until they wait: without turns, a short question would stand behind all
/// clients for whom a long body is being made.
///
/// Nobody holds a turn while a client accepts a piece, which may take long.
///
/// **Threads**: any.
final class Turns {
    private final Semaphore turns;

    Turns() {
        this(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
    }

    /// @param count how many pieces are made at a time
    Turns(int count) {
        turns = new Semaphore(count, true);
    }

    /// Writes `content` to `out`. A piece is what `content` writes with one call.
    ///
    /// **Errors**: what `content` and `out` throw. An interrupt does not end the wait for a turn.
    void write(Content content, OutputStream out) throws IOException {
        turns.acquireUninterruptibly();
        try {
            content.write(new Pieces(out));
        } finally {
            turns.release();
        }
    }

    private final class Pieces extends OutputStream {
        private final OutputStream out;

        Pieces(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int start, int length) throws IOException {
            turns.release();
            try {
                out.write(bytes, start, length);
            } finally {
                turns.acquireUninterruptibly();
            }
        }
    }
}
