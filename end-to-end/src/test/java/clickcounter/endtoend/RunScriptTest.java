package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Ports;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `run.sh` as a new user meets it: the embedded database, three processes, a restarter.
final class RunScriptTest {
    private static final Duration MAX_WAIT = Duration.ofMinutes(2);
    private static final List<String> PROCESSES = List.of("database", "aggregator", "query", "ingest");

    private final int port = Ports.free();
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Process> scripts = new ArrayList<>();

    @TempDir
    Path folder;

    @BeforeAll
    static void markAsBuilt() throws IOException {
        TestProcess.markAsBuilt();
    }

    @AfterEach
    void stopScripts() throws InterruptedException {
        for (Process script : scripts) {
            script.destroy();
            assertThat(script.waitFor(MAX_WAIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
        client.close();
    }

    @Test
    void countsRestartsWhatDiesStopsInOrderAndFindsAllCountsAgain() throws IOException, InterruptedException {
        Process script = run();
        awaitOutput(script, "Click Counter is running");
        assertThat(click()).isEqualTo(204);
        assertThat(statistics()).contains("\"v\":1}");
        assertThat(run("log", "reader", "-m", "1").waitFor()).isZero();
        assertThat(output()).contains("\"bannerId\":7,\"ts\":");

        for (String process : PROCESSES) {
            long killed = pid(process);
            ProcessHandle.of(killed).orElseThrow().destroyForcibly();
            await(() -> pid(process) > 0 && pid(process) != killed, process + " is started again");
        }
        assertThat(output()).contains("ingest has ended (exit code 137)");
        await(() -> click() == 204, "clicks are taken again");
        await(() -> statistics().contains("\"v\":2}"), "both clicks are counted");

        List<ProcessHandle> children = script.descendants().toList();
        long postgres = postmaster();
        interrupt(script);
        assertThat(script.waitFor(MAX_WAIT.toSeconds(), TimeUnit.SECONDS))
                .as(this::output)
                .isTrue();
        assertThat(script.exitValue()).as(this::output).isZero();
        assertThat(children).isNotEmpty().noneMatch(ProcessHandle::isAlive);
        await(() -> ProcessHandle.of(postgres).isEmpty(), "PostgreSQL has ended");
        assertThat(folder.resolve("run")).isDirectoryNotContaining("glob:**.ready");

        Files.delete(outputFile()); // so that what follows is of the second start
        Process second = run();
        awaitOutput(second, "Click Counter is running");
        assertThat(statistics()).contains("\"v\":2}");
        second.destroy();
        assertThat(second.waitFor(MAX_WAIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isZero();
    }

    @Test
    void saysWhatToDoWhenThePortIsTaken() throws IOException, InterruptedException {
        try (var taken = new ServerSocket(port, 1, InetAddress.getByName("0.0.0.0"))) {
            Process script = run();
            assertThat(script.waitFor(MAX_WAIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(script.exitValue()).isEqualTo(2);
            assertThat(output())
                    .contains("Cannot listen on port %d of 0.0.0.0".formatted(taken.getLocalPort()))
                    .contains("set SERVICE_PORT to another port");
        }
    }

    @Test
    void refusesASecondServiceOnTheSameFolder() throws IOException, InterruptedException {
        Process first = run();
        awaitOutput(first, "Click Counter is running");
        Process second = run();
        assertThat(second.waitFor(MAX_WAIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(2);
        assertThat(output()).contains("another ./run.sh is serving " + folder);
        assertThat(click()).isEqualTo(204);
    }

    @Test
    void saysWhatToDoWhenTheDatabaseIsUnreachable() throws IOException, InterruptedException {
        Process query = run("query", "DATABASE_URL=postgres://user:secret-word@127.0.0.1:1/clicks");
        assertThat(query.waitFor(MAX_WAIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(query.exitValue()).isEqualTo(2);
        assertThat(output())
                .contains("127.0.0.1:1/clicks")
                .contains("DATABASE_URL")
                .doesNotContain("secret-word")
                .doesNotContain("\tat ");
    }

    @Test
    void saysWhichCommandsThereAre() throws IOException, InterruptedException {
        Process help = run("help");
        assertThat(help.waitFor()).isZero();
        assertThat(output()).contains("Usage: ./run.sh [COMMAND]").contains("database");
        Process unknown = run("serve");
        assertThat(unknown.waitFor()).isEqualTo(2);
        assertThat(output()).contains("there is no command \"serve\"");
    }

    /// @param arguments the command, and settings as `NAME=value`
    private Process run(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "env",
                "DATA_DIR=" + folder,
                "SERVICE_PORT=" + port,
                "QUERY_PORT=" + Ports.free(),
                "INGEST_ADMIN_PORT=0",
                "AGGREGATOR_ADMIN_PORT=0",
                "QUERY_ADMIN_PORT=0",
                "LOG_MIN_FREE=64MiB",
                "LOGGING_FORMAT=text"));
        List<String> names = new ArrayList<>();
        for (String argument : arguments) {
            (argument.contains("=") ? command : names).add(argument);
        }
        command.add(TestProcess.ROOT.resolve("run.sh").toString());
        command.addAll(names);
        Process script = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(outputFile().toFile()))
                .start();
        scripts.add(script);
        return script;
    }

    /// As Ctrl-C does.
    private static void interrupt(Process script) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-INT", Long.toString(script.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private void awaitOutput(Process script, String text) {
        await(() -> !script.isAlive() || output().contains(text), "the output contains " + text);
        assertThat(script.isAlive()).as(this::output).isTrue();
    }

    private void await(BooleanSupplier condition, String what) {
        long deadlineNs = System.nanoTime() + MAX_WAIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime())
                    .as(() -> "waiting until " + what + "\n" + output())
                    .isLessThan(deadlineNs);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    /// -1 while there is none.
    private long pid(String process) {
        try {
            return Long.parseLong(Files.readString(folder.resolve("run").resolve(process + ".ready")));
        } catch (IOException notReady) {
            return -1;
        }
    }

    private long postmaster() throws IOException {
        return Long.parseLong(Files.readAllLines(folder.resolve("postgres").resolve("postmaster.pid"))
                .getFirst());
    }

    /// The status, or -1 when nobody answers.
    private int click() {
        var request = HttpRequest.newBuilder(uri("/v1/banners/counter/7")).build();
        try {
            return client.send(request, BodyHandlers.discarding()).statusCode();
        } catch (IOException nobody) {
            return -1;
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private String statistics() {
        var request = HttpRequest.newBuilder(uri("/v1/banners/stats/7"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"from\":\"2000-01-01T00:00:00Z\",\"to\":\"2100-01-01T00:00:00Z\"}"))
                .build();
        try {
            String body = client.send(request, BodyHandlers.ofString()).body();
            // Two clicks may lie in two minutes.
            return body.replaceAll("\"v\":1\\},.*\"v\":1\\}", "\"v\":2}");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private URI uri(String path) {
        return URI.create("http://localhost:" + port + path);
    }

    private Path outputFile() {
        return folder.resolve("run.log");
    }

    private String output() {
        try {
            return Files.readString(outputFile());
        } catch (IOException failure) {
            return "no output: " + failure;
        }
    }
}
