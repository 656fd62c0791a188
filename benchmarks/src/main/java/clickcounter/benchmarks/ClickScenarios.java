package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.LoadGenerator.Result;
import clickcounter.benchmarks.Report.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a click costs: against an empty answer of nginx and of the bare framework, behind a proxy, with few and
/// many connections and banners. The counts are compared with the 204s afterwards, banner by banner.
final class ClickScenarios {
    private static final int CONNECTIONS = 64;
    private static final int BANNERS = 10_000;
    private static final int OPEN_LOOP_PER_SECOND = 20_000;
    private static final Duration WARM_UP = Duration.ofSeconds(3);

    /// Once for each server: the compilers of a JVM are done then.
    private static final Duration FIRST_WARM_UP = Duration.ofSeconds(12);

    private ClickScenarios() {}

    /// Somebody who answers clicks.
    ///
    /// @param server whose processor time is measured
    /// @param helpers whose processor time is shown apart
    /// @param counts the product that counts the clicks; null when nobody does
    private record Target(
            String name,
            int port,
            ServerProcess server,
            List<ServerProcess> helpers,
            boolean isJava,
            @Nullable Product counts) {
        static Target of(String name, Product product) {
            return new Target(name, product.port(), product.ingest(), product.behindTheLog(), true, product);
        }

        /// Who answers clicks and does not count them.
        static Target reference(String name, int port, ServerProcess server, boolean isJava) {
            return new Target(name, port, server, List.of(), isJava, null);
        }
    }

    /// Clicks straight to ingest, next to nginx and the bare framework; and to that of another commit, whose
    /// sources `run.sh` has built in `BENCH_BEFORE_SOURCES`.
    static void direct(Plan plan, Report report) throws Exception {
        Path folder = plan.folder().resolve("direct");
        var targets = new ArrayList<Target>();
        try (var closers = new Closers()) {
            addNginx(folder, targets, closers);
            int barePort = Ports.free();
            ServerProcess bare = closers.add(tunedFramework(folder, barePort));
            targets.add(Target.reference("bare framework, empty 204", barePort, bare, true));
            String before = System.getenv("BENCH_BEFORE_SOURCES");
            if (before != null) {
                Product product = closers.add(Product.startAll(Path.of(before), folder.resolve("before"), Map.of()));
                targets.add(Target.of("Click Counter at " + System.getenv("BENCH_BEFORE"), product));
            }
            Product product = closers.add(Product.startAll(folder.resolve("product"), Map.of()));
            targets.add(Target.of("Click Counter", product));
            measure(plan, report.table("direct, %d connections".formatted(CONNECTIONS)), targets, true);
        }
    }

    /// The reference, where nginx is installed.
    private static void addNginx(Path folder, List<Target> targets, Closers closers) throws IOException {
        if (Nginx.isInstalled()) {
            int port = Ports.free();
            ServerProcess nginx = closers.add(Nginx.returning204(folder, port));
            targets.add(Target.reference("nginx, empty 204", port, nginx, false));
        }
    }

    /// Clicks through nginx.
    static void proxied(Plan plan, Report report) throws Exception {
        if (!Nginx.isInstalled()) {
            System.err.println("nginx is not installed: nothing to measure behind it");
            return;
        }
        Path folder = Files.createDirectories(plan.folder().resolve("proxied"));
        try (var closers = new Closers()) {
            Path socket = folder.resolve("ingest.sock");
            Product product = closers.add(
                    Product.startAll(folder.resolve("product"), Map.of("INGEST_SOCKET", socket.toString())));
            ServerProcess behind = closers.add(Nginx.returning204(folder, Ports.free()));
            var targets = new ArrayList<Target>();
            int nginxPort = Ports.free();
            ServerProcess toNginx =
                    closers.add(Nginx.proxy("to-nginx", folder, nginxPort, "unix:" + folder.resolve("204.sock")));
            targets.add(new Target(
                    "nginx → nginx, empty 204, Unix socket", nginxPort, toNginx, List.of(behind), false, null));
            int defaultsPort = Ports.free();
            ServerProcess defaults = closers.add(frameworkWithDefaults(folder, defaultsPort));
            int defaultsProxyPort = Ports.free();
            ServerProcess toDefaults =
                    closers.add(Nginx.proxy("defaults", folder, defaultsProxyPort, "127.0.0.1:" + defaultsPort));
            targets.add(new Target(
                    "nginx → framework with its defaults, TCP",
                    defaultsProxyPort,
                    toDefaults,
                    List.of(defaults),
                    false,
                    null));
            int tcpPort = Ports.free();
            ServerProcess overTcp = closers.add(Nginx.proxy("tcp", folder, tcpPort, "127.0.0.1:" + product.port()));
            List<ServerProcess> ingest = List.of(product.ingest());
            targets.add(new Target("nginx → Click Counter, TCP", tcpPort, overTcp, ingest, false, product));
            int socketPort = Ports.free();
            ServerProcess overSocket = closers.add(Nginx.proxy("socket", folder, socketPort, "unix:" + socket));
            targets.add(
                    new Target("nginx → Click Counter, Unix socket", socketPort, overSocket, ingest, false, product));
            measure(plan, report.table("behind nginx, %d connections".formatted(CONNECTIONS)), targets, false);
        }
    }

    /// The cost of a click by the number of connections.
    static void connections(Plan plan, Report report) throws Exception {
        curve(plan, report, "connections", List.of(1, 4, 16, 64, 256, 1_000), List.of(BANNERS));
    }

    /// The cost of a click by the number of banners.
    static void banners(Plan plan, Report report) throws Exception {
        curve(plan, report, "banners", List.of(CONNECTIONS), List.of(1, 100, 10_000, 100_000, 1_000_000));
    }

    /// Next to nginx, which such a curve is not flat for either.
    private static void curve(Plan plan, Report report, String name, List<Integer> connections, List<Integer> banners)
            throws Exception {
        Table table = report.table("by " + name);
        Path folder = Files.createDirectories(plan.folder().resolve(name));
        try (var closers = new Closers()) {
            var targets = new ArrayList<Target>();
            addNginx(folder, targets, closers);
            Product product = closers.add(Product.startAll(folder.resolve("product"), Map.of()));
            targets.add(Target.of("Click Counter", product));
            var ledger = new long[ClickScript.MOST_BANNERS];
            for (int round = -1; round < plan.rounds(); round++) {
                for (int connectionCount : connections) {
                    for (int bannerCount : banners) {
                        for (Target target : targets) {
                            var clicks = new ClickScript(bannerCount);
                            try (var load = new LoadGenerator(target.port(), connectionCount, clicks)) {
                                load.closedLoop(WARM_UP);
                                if (round >= 0) {
                                    String row = "%s, %,d connections, %,d banners"
                                            .formatted(target.name(), connectionCount, bannerCount);
                                    closedLoop(plan, table, row, load, target.server(), target.helpers());
                                }
                            }
                            if (target.counts() != null) {
                                clicks.addTo(ledger);
                            }
                        }
                    }
                }
            }
            product.verify(ledger);
        }
    }

    /// What more processes, and more threads in each, bring and cost. Each has a log and a database of its own.
    static void processes(Plan plan, Report report) throws Exception {
        Table table = report.table("by processes and threads of ingest, %d connections".formatted(CONNECTIONS));
        Path folder = plan.folder().resolve("processes");
        try (var closers = new Closers()) {
            Map<String, Product> products = new LinkedHashMap<>();
            for (String processes : List.of("1", "2")) {
                for (String threads : List.of("1", "2")) {
                    String name = "processes: %s, threads of each: %s".formatted(processes, threads);
                    products.put(
                            name,
                            closers.add(Product.startAll(
                                    folder.resolve(processes + "-" + threads),
                                    Map.of("INGEST_PROCESSES", processes, "INGEST_THREADS", threads))));
                }
            }
            Map<Product, long[]> ledgers = new HashMap<>();
            for (int round = -1; round < plan.rounds(); round++) {
                for (Map.Entry<String, Product> each : products.entrySet()) {
                    Product product = each.getValue();
                    var clicks = new ClickScript(BANNERS);
                    try (var load = new LoadGenerator(product.port(), CONNECTIONS, clicks)) {
                        load.closedLoop(round < 0 ? FIRST_WARM_UP : WARM_UP);
                        if (round >= 0) {
                            long before = cpuMicros(product.ingests());
                            Result result = load.closedLoop(Duration.ofSeconds(plan.seconds()));
                            table.add(each.getKey(), "clicks/s", result.perSecond());
                            double micros = cpuMicros(product.ingests()) - before;
                            table.add(each.getKey(), "server CPU µs/click", micros / result.answers());
                        }
                    }
                    clicks.addTo(ledgers.computeIfAbsent(product, _ -> new long[BANNERS]));
                }
            }
            verify(ledgers);
        }
    }

    /// The framework with the product's settings and the flags of ingest, which come from `run.sh`.
    private static ServerProcess tunedFramework(Path folder, int port) throws IOException {
        return bareServer(
                folder,
                "tuned",
                port,
                System.getenv("BENCH_JAVA_COMMAND").lines().toList());
    }

    /// The framework and Java with their own defaults.
    private static ServerProcess frameworkWithDefaults(Path folder, int port) throws IOException {
        return bareServer(
                folder,
                "defaults",
                port,
                System.getenv("BENCH_JAVA_COMMAND").lines().limit(2).toList());
    }

    private static ServerProcess bareServer(Path folder, String how, int port, List<String> java) throws IOException {
        List<String> command = new ArrayList<>(java);
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), BareServer.class.getName(), how, Integer.toString(port)));
        ServerProcess server = ServerProcess.start("framework-" + how, folder, Map.of(), command);
        server.awaitPort(port);
        return server;
    }

    /// In each round all targets in turn, so that what else the machine does hits all alike.
    private static void measure(Plan plan, Table table, List<Target> targets, boolean withLatency) throws Exception {
        Map<Product, long[]> ledgers = new HashMap<>();
        for (int round = -1; round < plan.rounds(); round++) {
            for (Target target : targets) {
                var clicks = new ClickScript(BANNERS);
                try (var load = new LoadGenerator(target.port(), CONNECTIONS, clicks)) {
                    if (round < 0) {
                        load.closedLoop(FIRST_WARM_UP);
                    } else {
                        load.closedLoop(WARM_UP);
                        measure(plan, table, target, load, withLatency);
                    }
                }
                if (target.counts() != null) {
                    clicks.addTo(ledgers.computeIfAbsent(target.counts(), _ -> new long[BANNERS]));
                }
            }
        }
        for (Target target : targets) {
            table.add(target.name(), "own memory MiB", target.server().ownBytes() / 1024.0 / 1024);
            table.add(target.name(), "resident MiB", target.server().residentBytes() / 1024.0 / 1024);
        }
        verify(ledgers);
    }

    private static void verify(Map<Product, long[]> ledgers) throws IOException, SQLException {
        for (Map.Entry<Product, long[]> ledger : ledgers.entrySet()) {
            ledger.getKey().verify(ledger.getValue());
        }
    }

    private static void measure(Plan plan, Table table, Target target, LoadGenerator load, boolean withLatency)
            throws IOException {
        long allocatedBefore = target.isJava() ? target.server().allocatedBytes() : 0;
        Result closed = closedLoop(plan, table, target.name(), load, target.server(), target.helpers());
        if (target.isJava()) {
            long allocated = target.server().allocatedBytes() - allocatedBefore;
            table.add(target.name(), "bytes allocated per click", (double) allocated / closed.answers());
        }
        if (withLatency) {
            load.openLoop(WARM_UP, OPEN_LOOP_PER_SECOND);
            Result open = load.openLoop(Duration.ofSeconds(plan.seconds()), OPEN_LOOP_PER_SECOND);
            String at = "at %,d/s: ".formatted(OPEN_LOOP_PER_SECOND).replace(',', ' ');
            table.add(target.name(), at + "p50 ms", open.millisAtPercentile(50));
            table.add(target.name(), "p99 ms", open.millisAtPercentile(99));
            table.add(target.name(), "p99.9 ms", open.millisAtPercentile(99.9));
        }
    }

    private static Result closedLoop(
            Plan plan, Table table, String row, LoadGenerator load, ServerProcess server, List<ServerProcess> helpers)
            throws IOException {
        long serverBefore = server.cpuMicros();
        long helpersBefore = cpuMicros(helpers);
        Result result = load.closedLoop(Duration.ofSeconds(plan.seconds()));
        table.add(row, "clicks/s", result.perSecond());
        table.add(row, "server CPU µs/click", (double) (server.cpuMicros() - serverBefore) / result.answers());
        if (!helpers.isEmpty()) {
            table.add(row, "behind it CPU µs/click", (double) (cpuMicros(helpers) - helpersBefore) / result.answers());
        }
        return result;
    }

    private static long cpuMicros(List<ServerProcess> processes) throws IOException {
        long micros = 0;
        for (ServerProcess process : processes) {
            micros += process.cpuMicros();
        }
        return micros;
    }
}
