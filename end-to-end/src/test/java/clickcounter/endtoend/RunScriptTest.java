package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.FaultyProxy;
import clickcounter.testing.Ports;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `run.sh` as a new user meets it: the embedded database, three processes, and the supervisor that runs them.
final class RunScriptTest {
    private static final Duration MAX_WAIT = Duration.ofMinutes(2);
    private static final List<String> PROCESSES = List.of("ingest", "aggregator", "query");
    private static final Pattern STOPPING =
            Pattern.compile("INFO +(\\w+) +(stopping: asked to stop by a signal|stopped)");
    private static final Pattern CLICKS = Pattern.compile("\"v\":(\\d+)");

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
        scripts.forEach(Process::destroy);
        for (Process script : scripts) {
            awaitEnd(script);
        }
        client.close();
    }

    @Test
    void countsStartsAgainWhatDiesAndStopsInOrderAtCtrlC() throws IOException, InterruptedException {
        Process script = run();
        awaitOutput(script, "Click Counter is running");
        awaitOutput(script, "are open to everybody");
        assertThat(click()).isEqualTo(204);
        assertThat(clicks()).isEqualTo(1);
        assertThat(awaitEnd(run("log", "reader", "-m", "1"))).isZero();
        assertThat(output()).contains("\"bannerId\":7,\"ts\":");

        List<Long> killed = PROCESSES.stream().map(this::pid).toList();
        signal("KILL", killed);
        for (int at = 0; at < PROCESSES.size(); at++) {
            String process = PROCESSES.get(at);
            long old = killed.get(at);
            await(() -> pid(process) > 0 && pid(process) != old, process + " is started again");
            assertThat(output()).contains(process + " has ended (exit code 137); it is started again in 0 s");
        }
        long killedServer = postmaster();
        signal("KILL", List.of(killedServer));
        await(() -> postmaster() > 0 && postmaster() != killedServer, "PostgreSQL is started again");
        await(() -> click() == 204, "clicks are taken again");
        await(() -> clicks() == 2, "both clicks are counted");

        List<ProcessHandle> all = all(script);
        signal("INT", List.of(-script.pid())); // the whole process group, as a terminal does
        assertThat(awaitEnd(script)).as(this::output).isZero();
        assertThat(all).hasSizeGreaterThan(PROCESSES.size());
        await(() -> all.stream().noneMatch(ProcessHandle::isAlive), "no process is left");
        assertThat(folder.resolve("run")).isDirectoryNotContaining("glob:**.ready");
        assertThat(STOPPING.matcher(output())
                        .results()
                        .map(line -> line.group(1) + " " + line.group(2).replaceFirst(":.*", "")))
                .containsExactly(
                        "run stopping",
                        "ingest stopping",
                        "ingest stopped",
                        "aggregator stopping",
                        "aggregator stopped",
                        "query stopping",
                        "query stopped",
                        "run stopped");
    }

    @Test
    void leavesNothingBehindAndLosesNothingWhenTheSupervisorIsKilled() throws IOException, InterruptedException {
        Process first = run();
        awaitOutput(first, "Click Counter is running");
        assertThat(awaitEnd(run())).isEqualTo(2);
        assertThat(output()).contains("Another ./run.sh is serving " + folder);

        List<ProcessHandle> all = all(first);
        int acknowledged = 0;
        for (; click() == 204; acknowledged++) {
            if (acknowledged == 100) {
                signal("KILL", List.of(first.pid()));
            }
        }
        await(() -> all.stream().noneMatch(ProcessHandle::isAlive), "no process is left");
        assertThat(output()).contains("aggregator stopping: the process that started it has ended");

        Files.delete(outputFile()); // so that what follows is of the second start
        Process second = run();
        awaitOutput(second, "Click Counter is running");
        // The last click may have been counted without an answer.
        assertThat(clicks()).isBetween((long) acknowledged, acknowledged + 1L);
        signal("HUP", List.of(second.pid()));
        assertThat(awaitEnd(second)).as(this::output).isZero();
    }

    @Test
    void takesClicksWhileItWaitsForTheDatabase() throws IOException, InterruptedException {
        try (var database = TestDatabase.create();
                var proxy = FaultyProxy.start(database.url())) {
            proxy.refuse();
            Process script = run("DATABASE_URL=" + proxy.url(database.url()));
            awaitOutput(script, "waiting up to 120 s for the database");
            assertThat(click()).isEqualTo(204);
            signal("KILL", List.of(pid("ingest")));
            await(() -> click() == 204, "ingest is started again meanwhile");

            proxy.accept();
            awaitOutput(script, "Click Counter is running");
            assertThat(clicks()).isEqualTo(2);
            signal("TERM", List.of(script.pid()));
            assertThat(awaitEnd(script)).as(this::output).isZero();
        }
    }

    @Test
    void stopsWhatRunsAlreadyWhenTheDatabaseCannotBeUsed() throws IOException, InterruptedException {
        try (var database = TestDatabase.create()) {
            Process script = run("DATABASE_URL=" + database.url() + "?sslmode=require");
            assertThat(awaitEnd(script)).as(this::output).isEqualTo(2);
            assertThat(output()).contains("The server does not support SSL").containsPattern("ingest +stopped");
        }
    }

    @Test
    void runsAProcessAloneWithoutStandardInput() throws IOException, InterruptedException {
        Process ingest = run("ingest");
        ingest.getOutputStream().close();
        awaitOutput(ingest, "ready after");
        assertThat(click()).isEqualTo(204);
        ingest.destroy();
        assertThat(awaitEnd(ingest)).as(this::output).isZero();
    }

    @Test
    void saysWhatToDoWhenThePortIsTaken() throws IOException, InterruptedException {
        try (var taken = new ServerSocket(port, 1, InetAddress.getByName("0.0.0.0"))) {
            Process script = run();
            assertThat(awaitEnd(script)).isEqualTo(2);
            assertThat(output())
                    .contains("Cannot listen on port %d of 0.0.0.0".formatted(taken.getLocalPort()))
                    .contains("set SERVICE_PORT to another port");
        }
    }

    @Test
    void saysWhatToDoWhenTheDatabaseIsUnreachable() throws IOException, InterruptedException {
        Process query = run(
                "query", "DATABASE_URL=postgres://user:secret-word@127.0.0.1:1/clicks", "DATABASE_START_TIMEOUT=0s");
        assertThat(awaitEnd(query)).isEqualTo(2);
        assertThat(output())
                .contains("127.0.0.1:1/clicks")
                .contains("DATABASE_URL")
                .doesNotContain("secret-word")
                .doesNotContain("\tat ");
    }

    @Test
    void saysWhichCommandsThereAre() throws IOException, InterruptedException {
        assertThat(awaitEnd(run("help"))).isZero();
        assertThat(output()).contains("Usage: ./run.sh [COMMAND]").contains("database");
        assertThat(awaitEnd(run("serve"))).isEqualTo(2);
        assertThat(output()).contains("there is no command \"serve\"");
    }

    /// Runs `run.sh` in a process group of its own, and with the signals that are ignored when Maven runs in the
    /// background.
    ///
    /// @param arguments the command, and settings as `NAME=value`
    private Process run(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "setsid",
                "env",
                "--default-signal=INT,HUP",
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

    /// @param pids a negative one is a process group
    private static void signal(String signal, List<Long> pids) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kill", "-" + signal, "--"));
        pids.forEach(pid -> command.add(Long.toString(pid)));
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }

    /// Returns the exit code.
    private int awaitEnd(Process script) throws InterruptedException {
        assertThat(script.waitFor(MAX_WAIT.toSeconds(), TimeUnit.SECONDS))
                .as(this::output)
                .isTrue();
        return script.exitValue();
    }

    /// All processes of a service, which also has PostgreSQL.
    private List<ProcessHandle> all(Process script) {
        Stream<ProcessHandle> server = ProcessHandle.of(postmaster()).stream();
        return Stream.of(Stream.of(script.toHandle()), script.descendants(), server)
                .flatMap(processes -> processes)
                .toList();
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

    /// -1 while there is none.
    private long postmaster() {
        try {
            return Long.parseLong(Files.readString(folder.resolve("postgres").resolve("postmaster.pid"))
                    .lines()
                    .findFirst()
                    .orElse("-1"));
        } catch (IOException notRunning) {
            return -1;
        }
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

    /// All clicks that are counted, or -1 when they cannot be asked for.
    private long clicks() {
        var request = HttpRequest.newBuilder(uri("/v1/banners/stats/7"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"from\":\"2000-01-01T00:00:00Z\",\"to\":\"2100-01-01T00:00:00Z\"}"))
                .build();
        try {
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            return answer.statusCode() != 200
                    ? -1
                    : CLICKS.matcher(answer.body())
                            .results()
                            .mapToLong(minute -> Long.parseLong(minute.group(1)))
                            .sum();
        } catch (IOException nobody) {
            return -1;
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
