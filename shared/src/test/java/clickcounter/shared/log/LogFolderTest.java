package clickcounter.shared.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogFolderTest {
    private final Path folder;

    LogFolderTest(@TempDir Path parent) {
        folder = parent.resolve("data").resolve("log");
    }

    @Test
    void keepsTheIdThatItMadeFirst() {
        UUID id = LogFolder.id(folder);

        assertThat(LogFolder.id(folder)).isEqualTo(id);
        try (var reader = ClickReader.open(folder);
                var writer = new TestLog(folder).writer()) {
            assertThat(reader.logId()).isEqualTo(id);
            assertThat(writer.logId()).isEqualTo(id);
        }
    }

    @Test
    void everyFolderHasAnIdOfItsOwn() {
        assertThat(LogFolder.id(folder)).isNotEqualTo(LogFolder.id(folder.resolveSibling("other")));
    }

    @Test
    @Timeout(30)
    void makesOneIdWhenManyAskAtOnce() throws Exception {
        int askers = 20;
        for (int round = 0; round < 20; round++) {
            Path fresh = folder.resolve(Integer.toString(round));
            var together = new CyclicBarrier(askers);
            Callable<UUID> ask = () -> {
                together.await();
                return LogFolder.id(fresh);
            };
            try (var executor = Executors.newFixedThreadPool(askers)) {
                var ids = executor.invokeAll(
                        Stream.generate(() -> ask).limit(askers).toList());
                assertThat(ids.stream().map(LogFolderTest::get).distinct()).hasSize(1);
            }
            try (var files = Files.list(fresh)) {
                assertThat(files.map(file -> file.getFileName().toString())).containsExactly("log.id");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not a uuid", "123e4567-e89b-12d3-a456-4266141740zz"})
    void refusesADamagedId(String content) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("log.id"), content);

        assertThatThrownBy(() -> new TestLog(folder).writer())
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The identity of the click log, %s, does not contain a UUID. Restore the file, or move the folder away to start a new log.",
                        folder.resolve("log.id"));
        assertThatThrownBy(() -> ClickReader.open(folder)).isInstanceOf(StartFailure.class);
    }

    @Test
    void refusesAFolderThatIsAFile() throws IOException {
        Files.createDirectories(folder.getParent());
        Files.writeString(folder, "");

        assertThatThrownBy(() -> new TestLog(folder).writer())
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining(folder.toString());
        assertThatThrownBy(() -> ClickReader.open(folder))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining(folder.toString());
    }

    private static UUID get(Future<UUID> future) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException failure) {
            throw new AssertionError(failure);
        }
    }
}
