package clickcounter.testing;

import clickcounter.shared.EpochMinute;
import clickcounter.shared.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The whole service as an operator runs it: real processes on a folder, a database and free ports.
///
/// **Threads**: any.
public final class Service implements AutoCloseable {
    private static final String ALL_TIME = "{\"from\":\"2000-01-01T00:00:00Z\",\"to\":\"2100-01-01T00:00:00Z\"}";
    private static final Pattern ENTRY = Pattern.compile("\\{\"ts\":\"([^\"]*)\",\"v\":(\\d+)}");
    private static final Duration MAX_ANSWER = Duration.ofSeconds(60);

    private final Path folder;
    private final Path sources;
    private final Function<Program, List<String>> jvmFlags;
    private final Map<String, String> environment = new HashMap<>();
    private final int port = Ports.free();
    private final int queryPort = Ports.free();
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<TestProcess> processes = new CopyOnWriteArrayList<>();
    private final Map<String, TestProcess> current = new ConcurrentHashMap<>();

    private Service(Path folder, Map<String, String> settings, Path sources, Function<Program, List<String>> jvmFlags) {
        this.folder = folder;
        this.sources = sources;
        this.jvmFlags = jvmFlags;
        environment.put("SERVICE_PORT", Integer.toString(port));
        environment.put("QUERY_PORT", Integer.toString(queryPort));
        environment.put("INGEST_ADMIN_PORT", "0");
        environment.put("AGGREGATOR_ADMIN_PORT", "0");
        environment.put("QUERY_ADMIN_PORT", "0");
        environment.put("LOG_MIN_FREE", "64MiB");
        environment.put("LOGGING_FORMAT", "text");
        environment.putAll(settings);
        environment.put("DATA_DIR", dataFolder().toAbsolutePath().toString());
    }

    /// Starts ingest, aggregator and query; returns when all are ready.
    ///
    /// @param folder the test's; the service's data is in `data` below it, its output in `output`
    /// @param databaseUrl of a database that has the schema
    /// @param settings those that differ from the defaults
    public static Service start(Path folder, String databaseUrl, Map<String, String> settings) {
        return start(folder, databaseUrl, settings, WarmStart::flags);
    }

    /// @param jvmFlags those of each program beside those of its options file
    static Service start(
            Path folder, String databaseUrl, Map<String, String> settings, Function<Program, List<String>> jvmFlags) {
        var service = new Service(folder, settings, TestProcess.ROOT, jvmFlags);
        service.environment.put("DATABASE_URL", databaseUrl);
        try {
            service.launch("ingest", Program.INGEST, Map.of());
            service.launch("aggregator", Program.AGGREGATOR, Map.of());
            service.launch("query", Program.QUERY, Map.of());
            service.awaitReady();
            return service;
        } catch (RuntimeException | AssertionError failure) {
            service.close();
            throw failure;
        }
    }

    /// A service of which nothing runs yet.
    ///
    /// @param sources in which commands are started; they may be those of another commit
    public static Service prepare(Path sources, Path folder, Map<String, String> settings) {
        return new Service(folder, settings, sources, WarmStart::flags);
    }

    /// Starts one more process on the same folder and database.
    ///
    /// @param differing settings that are not those of the others
    /// @param prefix a command that runs the rest of its line, such as `prlimit`; usually empty
    public TestProcess launch(String name, Program program, Map<String, String> differing, String... prefix) {
        List<String> command = new ArrayList<>(List.of(prefix));
        command.addAll(program.command(sources, jvmFlags.apply(program)));
        return launch(name, differing, command);
    }

    /// Starts any command with the settings of the service.
    ///
    /// @param differing settings that are not those of the others
    public TestProcess launch(String name, Map<String, String> differing, List<String> command) {
        var settings = new HashMap<>(environment);
        settings.putAll(differing);
        // The output is not in the data folder: what a process says about a full disk must be found somewhere.
        TestProcess process = new TestProcess(sources, name, folder.resolve("output"), settings, command);
        processes.add(process);
        current.put(name, process);
        return process;
    }

    /// Runs a command with the settings of the service and expects that it exits with 0; returns what it printed.
    public String run(String... command) {
        TestProcess process = launch("command", Map.of(), List.of(command));
        process.expectSuccess(process.awaitEnd());
        return process.newOutput();
    }

    public int port() {
        return port;
    }

    public int queryPort() {
        return queryPort;
    }

    public Path dataFolder() {
        return folder.resolve("data");
    }

    public Path logFolder() {
        return dataFolder().resolve("log");
    }

    /// The process that was started by this name.
    public TestProcess process(String name) {
        return Objects.requireNonNull(current.get(name), name);
    }

    public TestProcess ingest() {
        return process("ingest");
    }

    public TestProcess aggregator() {
        return process("aggregator");
    }

    public TestProcess query() {
        return process("query");
    }

    /// All processes that were started, also those that have ended.
    public List<TestProcess> processes() {
        return List.copyOf(processes);
    }

    public void handOverTo(TestProcess newAggregator) {
        current.put("aggregator", newAggregator);
    }

    public void awaitReady() {
        ingest().awaitReady();
        query().awaitReady();
        aggregator().awaitReady();
    }

    /// Stops the processes in the order of `run.sh` and expects that each exits with 0.
    public void stop() {
        for (TestProcess process : List.of(ingest(), aggregator(), query())) {
            process.stopCleanly();
        }
    }

    /// Starts the processes again after [#stop]; returns when all are ready.
    public void restart() {
        aggregator().restart();
        query().restart();
        ingest().restart();
        awaitReady();
    }

    /// Asks the public port for all clicks of a banner, by minute since 1970; the answer must be complete.
    public Map<Long, Long> statistics(long bannerId) {
        try {
            HttpResponse<String> answer = statisticsAnswer(bannerId);
            if (answer.statusCode() != 200 || !isComplete(answer)) {
                throw new AssertionError("not a complete answer: %d %s %s"
                        .formatted(answer.statusCode(), answer.headers().map(), answer.body()));
            }
            return counted(answer);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// The sum of [#statistics].
    public long totalClicks(long bannerId) {
        return sum(statistics(bannerId));
    }

    /// Asks the public port for all clicks of a banner.
    public HttpResponse<String> statisticsAnswer(long bannerId) throws IOException {
        return statisticsAnswer(port, bannerId);
    }

    /// Asks the process that listens on a port for all clicks of a banner.
    ///
    /// **Errors**: [IOException] when it gives no answer.
    public HttpResponse<String> statisticsAnswer(int askedPort, long bannerId) throws IOException {
        var request = HttpRequest.newBuilder(
                        URI.create("http://localhost:%d/v1/banners/stats/%d".formatted(askedPort, bannerId)))
                .timeout(MAX_ANSWER)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(ALL_TIME))
                .build();
        return send(request);
    }

    /// What the public port answers to a `GET`.
    public HttpResponse<String> get(String path) throws IOException {
        return get(port, path);
    }

    /// What any port answers to a `GET`.
    public HttpResponse<String> get(int askedPort, String path) throws IOException {
        return send(HttpRequest.newBuilder(URI.create("http://localhost:" + askedPort + path))
                .build());
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException {
        try {
            return client.send(request, BodyHandlers.ofString());
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    /// Whether an answer says of itself that no click is missing.
    public static boolean isComplete(HttpResponse<String> statistics) {
        return statistics.headers().firstValue("Stats-Complete-Until").isEmpty();
    }

    /// Clicks by minute since 1970, as an answer with status 200 says.
    public static Map<Long, Long> counted(HttpResponse<String> statistics) {
        List<MatchResult> entries = ENTRY.matcher(statistics.body()).results().toList();
        Map<Long, Long> counted = new TreeMap<>();
        for (MatchResult entry : entries) {
            counted.put(EpochMinute.of(Instant.parse(entry.group(1))), Long.parseLong(entry.group(2)));
        }
        String json = entries.stream().map(MatchResult::group).collect(Collectors.joining(",", "{\"stats\":[", "]}"));
        if (!statistics.body().equals(json) || counted.size() != entries.size()) {
            throw new AssertionError("not statistics with one entry per minute: " + statistics.body());
        }
        return counted;
    }

    /// All clicks of [#counted].
    public static long sum(Map<Long, Long> counted) {
        return counted.values().stream().mapToLong(Long::longValue).sum();
    }

    /// Kills all processes.
    @Override
    public void close() {
        processes.forEach(TestProcess::close);
        client.close();
    }
}
