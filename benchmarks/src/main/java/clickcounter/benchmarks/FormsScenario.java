package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.shared.Opened;
import clickcounter.testing.Nginx;
import clickcounter.testing.Ports;
import clickcounter.testing.ProcessUsage;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What do the clicks cost that browsers and load balancers really send? The load comes from `wrk`; each form of a
/// click is measured beside nginx with one worker, its cheapest form, and beside a bare epoll loop in C, where
/// there is a compiler. Afterwards the counts of each form are compared with the answers that `wrk` has seen.
///
/// `./run.sh bench forms`, `BENCH_BEFORE=COMMIT ./run.sh bench forms`
final class FormsScenario {
    private static final int CONNECTIONS = 64;
    private static final int WARM_UP_SECONDS = 6;
    private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in");

    private static final String BROWSER = ClickScript.BROWSER_HEADERS
            .lines()
            .map(header -> header.split(": ", 2))
            .map(header -> "wrk.headers['%s'] = '%s'%n".formatted(header[0], header[1]))
            .collect(Collectors.joining());

    /// The banner ids, one for each form, are the keys of the counts in the database.
    private static final List<Form> FORMS = List.of(
            new Form("GET, a browser's headers", 11, BROWSER),
            new Form("GET, only Host", 12, ""),
            new Form("GET, id of 19 digits", 1_234_567_890_123_456_789L, ""),
            new Form("POST, Content-Length: 0 (beacon)", 14, BROWSER + """
                    wrk.method = "POST"
                    wrk.headers["Content-Length"] = "0"
                    """),
            new Form("POST, body of 4 bytes (ping)", 15, BROWSER + """
                    wrk.method = "POST"
                    wrk.body = "PING"
                    wrk.headers["Content-Type"] = "text/ping"
                    """),
            new Form("GET, a new connection for each", 16, "wrk.headers[\"Connection\"] = \"close\"\n"));

    private FormsScenario() {}

    /// @param script what `wrk` reads, in Lua
    private record Form(String name, long bannerId, String script) {}

    private record Target(
            String name,
            int port,
            ProcessUsage server,
            @Nullable Product product) {}

    static void run(Plan plan, Report report) throws Exception {
        Path folder = Files.createDirectories(plan.folder().resolve("forms"));
        if (find("wrk").isEmpty() || !Nginx.isInstalled()) {
            System.err.println("wrk or nginx is not installed: the forms of a click are not measured");
            return;
        }
        try (var opened = new Opened()) {
            List<Target> targets = start(folder, opened);
            for (Form form : FORMS) {
                Path script = Files.writeString(folder.resolve(form.bannerId() + ".lua"), form.script());
                measure(plan, report.table(form.name()), form, script, targets);
            }
        }
    }

    /// Starts the reference first, then everything that is compared with it.
    private static List<Target> start(Path folder, Opened opened) throws IOException {
        List<Target> targets = new ArrayList<>();
        int nginxPort = Ports.free();
        TestProcess nginx = opened.add(ClickScenarios.nginxReturning204(folder, nginxPort));
        targets.add(new Target("nginx, one worker, empty 204", nginxPort, nginx.usage(), null));
        Optional<String> compiler = find("cc");
        if (compiler.isPresent()) {
            Path program = folder.resolve("floor");
            TestProcess.outputOf(compiler.get(), "-O2", "-o", program.toString(), "benchmarks/src/main/c/floor.c");
            int port = Ports.free();
            TestProcess floor = opened.add(
                    TestProcess.start("floor", folder, Map.of(), List.of(program.toString(), Integer.toString(port))));
            floor.awaitPort(port);
            targets.add(new Target("bare epoll loop in C", port, floor.usage(), null));
        } else {
            System.err.println("there is no C compiler: no bare epoll loop is measured");
        }
        String before = System.getenv("BENCH_BEFORE_SOURCES");
        if (before != null) {
            Product product = opened.add(Product.startAll(Path.of(before), folder.resolve("before"), Map.of()));
            targets.add(of("Click Counter at " + System.getenv("BENCH_BEFORE"), product));
        }
        targets.add(of("Click Counter", opened.add(Product.startAll(folder.resolve("product"), Map.of()))));
        return targets;
    }

    private static Target of(String name, Product product) {
        return new Target(name, product.service().port(), product.usage("ingest"), product);
    }

    private static void measure(Plan plan, Table table, Form form, Path script, List<Target> targets)
            throws IOException, SQLException {
        long[] answers = new long[targets.size()];
        for (int at = 0; at < answers.length; at++) {
            answers[at] = wrk(form, script, targets.get(at), WARM_UP_SECONDS);
        }
        for (int round = 0; round < plan.rounds(); round++) {
            double reference = 0;
            for (int at = 0; at < answers.length; at++) {
                Target target = targets.get(at);
                long cpuMicros = target.server().cpuMicros();
                long requests = wrk(form, script, target, plan.seconds());
                double perRequest = (double) (target.server().cpuMicros() - cpuMicros) / requests;
                reference = at == 0 ? perRequest : reference;
                answers[at] += requests;
                table.add(target.name(), "requests/s", (double) requests / plan.seconds());
                table.add(target.name(), "server CPU µs/request", perRequest);
                table.add(target.name(), "× nginx", perRequest / reference);
            }
        }
        for (int at = 0; at < answers.length; at++) {
            Product product = targets.get(at).product();
            if (product != null) {
                verify(product, form, answers[at], plan.rounds() + 1);
            }
        }
    }

    /// Compares the clicks in the database with the answers. When `wrk` stops, each connection may wait for one more.
    private static void verify(Product product, Form form, long answers, int runs) throws SQLException {
        try (Connection connection = product.connect()) {
            long counted = Product.awaitClicks(connection, form.bannerId(), answers);
            if (counted > answers + (long) CONNECTIONS * runs) {
                throw new IllegalStateException(
                        "%s: %d clicks were acknowledged, %d are counted.".formatted(form.name(), answers, counted));
            }
        }
    }

    /// Sends requests for some seconds; returns how many were answered with a status of 2xx.
    private static long wrk(Form form, Path script, Target target, int seconds) throws IOException {
        String output = TestProcess.outputOf(
                "wrk",
                "-t1",
                "-c" + CONNECTIONS,
                "-d%ds".formatted(seconds),
                "-s" + script,
                "http://127.0.0.1:%d/v1/banners/counter/%d".formatted(target.port(), form.bannerId()));
        Matcher requests = REQUESTS.matcher(output);
        if (!requests.find() || output.contains("Non-2xx")) {
            throw new IOException(
                    "%s, %s: not every request was answered:%n%s".formatted(target.name(), form.name(), output));
        }
        return Long.parseLong(requests.group(1));
    }

    private static Optional<String> find(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }
}
