package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.shared.Opened;
import clickcounter.testing.Nginx;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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

    static void run(Plan plan, Report report) throws Exception {
        Path folder = Files.createDirectories(plan.folder().resolve("forms"));
        if (ClickTarget.find("wrk").isEmpty() || !Nginx.isInstalled()) {
            System.err.println("wrk or nginx is not installed: the forms of a click are not measured");
            return;
        }
        try (var opened = new Opened()) {
            List<ClickTarget> targets = ClickTarget.all(folder, opened);
            for (Form form : FORMS) {
                Path script = Files.writeString(folder.resolve(form.bannerId() + ".lua"), form.script());
                measure(plan, report.table(form.name()), form, script, targets);
            }
        }
    }

    private static void measure(Plan plan, Table table, Form form, Path script, List<ClickTarget> targets)
            throws IOException, SQLException {
        long[] answers = new long[targets.size()];
        for (int at = 0; at < answers.length; at++) {
            answers[at] = wrk(form, script, targets.get(at), WARM_UP_SECONDS);
        }
        for (int round = 0; round < plan.rounds(); round++) {
            double reference = 0;
            for (int at = 0; at < answers.length; at++) {
                ClickTarget target = targets.get(at);
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
    private static long wrk(Form form, Path script, ClickTarget target, int seconds) throws IOException {
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
}
