package clickcounter.query.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import clickcounter.query.http.EntityTag.Content;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class TurnsTest {
    private static final int PIECES = 50;
    private static final byte[] PIECE = "a piece of a long body".getBytes(StandardCharsets.UTF_8);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void end() {
        threads.close();
    }

    private static Content pieces(AtomicInteger making, AtomicInteger mostAtOnce) {
        return out -> {
            for (int piece = 0; piece < PIECES; piece++) {
                mostAtOnce.accumulateAndGet(making.incrementAndGet(), Math::max);
                LockSupport.parkNanos(1); // lets others run, who must wait for their turn
                making.decrementAndGet();
                out.write(PIECE);
            }
        };
    }

    @Test
    void makesOnlyAsManyPiecesAtATimeAsThereAreTurnsAndAllOfThem() throws Exception {
        var turns = new Turns(2);
        var making = new AtomicInteger();
        var mostAtOnce = new AtomicInteger();
        List<ByteArrayOutputStream> bodies = new ArrayList<>();
        List<Future<?>> writers = new ArrayList<>();
        for (int writer = 0; writer < 20; writer++) {
            var body = new ByteArrayOutputStream();
            bodies.add(body);
            writers.add(threads.submit(() -> {
                turns.write(pieces(making, mostAtOnce), body);
                return null;
            }));
        }
        for (Future<?> writer : writers) {
            writer.get();
        }
        assertThat(bodies).allSatisfy(body -> assertThat(body.size()).isEqualTo(PIECES * PIECE.length));
        assertThat(mostAtOnce).hasValue(2);
    }

    @Test
    void whoAcceptsNothingKeepsNobodyFromTheirTurn() throws Exception {
        var turns = new Turns(1);
        var waits = new CountDownLatch(1);
        var accepts = new CountDownLatch(1);
        Future<?> slow = threads.submit(() -> {
            turns.write(out -> out.write(PIECE), new OutputStream() {
                @Override
                public void write(int one) {
                    waits.countDown();
                    try {
                        accepts.await();
                    } catch (InterruptedException ending) {
                        throw new AssertionError(ending);
                    }
                }
            });
            return null;
        });
        waits.await();
        var body = new ByteArrayOutputStream();
        turns.write(out -> out.write(PIECE), body);
        assertThat(body.toByteArray()).isEqualTo(PIECE);
        assertThat(slow.isDone()).isFalse();
        accepts.countDown();
        slow.get();
    }

    @Test
    void aBodyThatBreaksOffGivesItsTurnBack() throws IOException {
        var turns = new Turns(1);
        Content broken = out -> {
            throw new IOException("broken off");
        };
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatIOException()
                    .isThrownBy(() -> turns.write(broken, OutputStream.nullOutputStream()))
                    .withMessage("broken off");
        }
        var body = new ByteArrayOutputStream();
        turns.write(out -> out.write('x'), body);
        assertThat(body.toString(StandardCharsets.UTF_8)).isEqualTo("x");
    }

    @Test
    void aLongBodyIsMadeOnceForItsTagHoweverManyAskForIt() throws Exception {
        var made = new AtomicInteger();
        var body = new SharedBody(
                out -> {
                    made.incrementAndGet();
                    for (int length = 0; length <= ShortBody.MAX_BYTES; length += PIECE.length) {
                        out.write(PIECE);
                    }
                },
                new Turns(1));
        int madeAtFirst = made.get();
        List<Future<String>> tags = new ArrayList<>();
        for (int asker = 0; asker < 20; asker++) {
            tags.add(threads.submit(() -> body.tag().text()));
        }
        for (Future<String> tag : tags) {
            assertThat(tag.get()).isEqualTo(body.tag().text());
        }
        assertThat(body.whole()).isNull();
        assertThat(made).hasValue(madeAtFirst + 1);
    }
}
