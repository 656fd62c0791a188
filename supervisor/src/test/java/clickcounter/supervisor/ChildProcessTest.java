package clickcounter.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {
    @TempDir
    Path folder;

    @Test
    void isReadyWhenItHasWrittenItsProcessId() throws IOException {
        Files.writeString(readyFile(), "1"); // of an earlier run
        ChildProcess child = start("until [ -e go ]; do sleep 0.01; done; printf $$ > ready; exec sleep 600");
        assertThat(child.isReady()).isFalse();

        Files.createFile(folder.resolve("go"));
        Await.until("it is ready", child::isReady);

        assertThat(child.isAlive()).isTrue();
        child.stop();
        assertThat(child.awaitEnd()).isEqualTo(128 + 15);
        assertThat(child.isAlive()).isFalse();
    }

    @Test
    void ignoresTheSignalsOfATerminal() throws Exception {
        ChildProcess child = start("printf $$ > ready; exec sleep 600");
        Await.until("it is ready", child::isReady);
        String pid = Long.toString(child.pid());
        assertThat(new ProcessBuilder("kill", "-INT", pid).start().waitFor()).isZero();
        assertThat(new ProcessBuilder("kill", "-HUP", pid).start().waitFor()).isZero();

        // The first signal that it does not ignore ends it.
        child.stop();

        assertThat(child.awaitEnd()).isEqualTo(128 + 15);
    }

    @Test
    void isKilledWhenItDoesNotStop() throws IOException {
        ChildProcess child = start("trap '' TERM; printf $$ > ready; exec sleep 600");
        Await.until("it is ready", child::isReady);

        child.stop();

        assertThat(child.awaitEnd()).isEqualTo(128 + 9);
    }

    @Test
    void seesTheEndOfItsStandardInputOnlyWhenItsParentEnds() throws IOException {
        ChildProcess child = start("cat > ended-input; printf $SETTING > setting; exit 7");
        Await.until("it reads", () -> Files.exists(folder.resolve("ended-input")));

        child.stop();

        assertThat(child.awaitEnd()).isEqualTo(128 + 15);
        assertThat(folder.resolve("setting")).doesNotExist();
    }

    private ChildProcess start(String script) throws IOException {
        return ChildProcess.start(
                "child",
                List.of("sh", "-c", "cd \"$0\"; " + script, folder.toString()),
                Map.of("SETTING", "value"),
                readyFile(),
                Duration.ofMillis(500));
    }

    private Path readyFile() {
        return folder.resolve("ready");
    }
}
