package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.Lifetime;
import clickcounter.shared.log.LogSettings.MinFree;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class GroupCommitTest {
    private static final int CLICKS = 1_000;

    @TempDir
    Path folder;

    @Test
    void nobodyGoesOnBeforeAForceThatBeganAfterItsAppendAndManyShareOne() throws Exception {
        var forces = new AtomicInteger();
        var mayForce = new Semaphore(0);
        try (var commit = new GroupCommit(() -> {
                    mayForce.acquireUninterruptibly();
                    forces.incrementAndGet();
                    return true;
                });
                var clients = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> first = clients.submit(commit::await);
            while (mayForce.getQueueLength() == 0) {
                Thread.onSpinWait();
            }
            // The first force is running, so what is appended now needs the second.
            List<Future<Boolean>> others = new ArrayList<>();
            for (int click = 0; click < CLICKS; click++) {
                others.add(clients.submit(commit::await));
            }
            mayForce.release();
            assertThat(first.get()).isTrue();
            while (mayForce.getQueueLength() == 0) {
                Thread.onSpinWait();
            }
            assertThat(forces).hasValue(1);
            assertThat(others).noneMatch(Future::isDone);
            mayForce.release(CLICKS);
            for (Future<Boolean> other : others) {
                assertThat(other.get()).isTrue();
            }
            assertThat(forces.get()).isLessThan(CLICKS / 2);
        }
    }

    @Test
    void nobodyIsToldThatItIsSafeAfterAForceHasFailed() throws Exception {
        try (var commit = new GroupCommit(() -> false);
                var clients = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(clients.submit(commit::await).get()).isFalse();
            assertThat(clients.submit(commit::await).get()).isFalse();
        }
    }

    @Test
    void clicksOfManyClientsAreAllInTheLogWhenEachWaitsForTheDisk() throws ExecutionException, InterruptedException {
        var settings = new LogSettings(folder, new MinFree(0, 0), LogSettings.SYNC_ON_COMMIT);
        try (var writer = ClickWriter.open(settings, new Lifetime());
                var clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> appends = new ArrayList<>();
            for (long bannerId = 1; bannerId <= CLICKS; bannerId++) {
                long id = bannerId;
                appends.add(clients.submit(() -> writer.append(id)));
            }
            for (Future<?> append : appends) {
                append.get();
            }
        }
        assertThat(new TestLog(folder).bannerIds()).hasSize(CLICKS).doesNotHaveDuplicates();
    }

    @Test
    void aClosedWriterRefuses() {
        var settings = new LogSettings(folder, new MinFree(0, 0), LogSettings.SYNC_ON_COMMIT);
        var writer = ClickWriter.open(settings, new Lifetime());
        writer.append(1);
        writer.close();
        assertThatThrownBy(() -> writer.append(2))
                .isInstanceOf(LogUnavailable.class)
                .hasMessage("The server is stopping.");
    }
}
