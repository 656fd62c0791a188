package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.LoadGenerator.Result;
import clickcounter.benchmarks.Report.Table;
import clickcounter.shared.Opened;
import clickcounter.testing.Nginx;
import clickcounter.testing.Ports;
import clickcounter.testing.ProcessUsage;
import clickcounter.testing.TestProcess;
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

/// What does a click cost: compared with an empty answer of nginx and of the bare framework, behind a proxy, with
/// few and many connections and banners?
///
/// Measured: the rate of a closed loop, which is requests over HTTP from the loopback interface up to the 204,
/// with the processor time of the server and of the processes behind it, which includes the way of the clicks
/// into the database. Not measured: the start of the processes and the warm-up of their compilers. Afterwards the
/// counts of each banner are compared with its 204s.
///
/// `./run.sh bench direct proxied connections banners processes`
final class ClickScenarios {
    private static final int CONNECTIONS = 64;
    private static final int BANNERS = 10_000;
    private static final int OPEN_LOOP_PER_SECOND = 20_000;
    private static final Duration WARM_UP = Duration.ofSeconds(3);

    /// The first warm-up of each server, after which the compilers of a JVM are idle.
    private static final Duration FIRST_WARM_UP = Duration.ofSeconds(12);

    /// Lets a connection to nginx last for a whole run.
    private static final String UNLIMITED = "keepalive_requests 1000000000;\n";

    private static final ProcessUsage NONE = new ProcessUsage(List.of());

    private ClickScenarios() {}

    /// A server that answers clicks.
    ///
    /// @param server the process that is measured
    /// @param helpers the processes whose processor time is shown separately
    /// @param counts the product that counts the clicks; null if they are not counted
    private record Target(
            String name,
            int port,
            TestProcess server,
            ProcessUsage helpers,
            boolean isJava,
            @Nullable Product counts) {
        static Target of(String name, Product product) throws IOException {
            return new Target(name, product.port(), product.ingest(), product.usageBehindTheLog(), true, product);
        }

        /// A server that answers clicks and does not count them.
        static Target reference(String name, int port, TestProcess server, boolean isJava) {
            return new Target(name, port, server, NONE, isJava, null);
        }
    }

    /// Clicks straight to ingest, beside nginx and the bare framework, and beside the ingest of another commit,
    /// whose sources `run.sh` has built in `BENCH_BEFORE_SOURCES`.
    ///
    /// `./run.sh bench direct`, `BENCH_BEFORE=COMMIT ./run.sh bench direct`
    static void direct(Plan plan, Report report) throws Exception {
        Path folder = plan.folder().resolve("direct");
        var targets = new ArrayList<Target>();
        try (var opened = new Opened()) {
            addNginx(folder, targets, opened);
            int barePort = Ports.free();
            TestProcess bare = opened.add(tunedFramework(folder, barePort));
            targets.add(Target.reference("bare framework, empty 204", barePort, bare, true));
            String before = System.getenv("BENCH_BEFORE_SOURCES");
            if (before != null) {
                Product product = opened.add(Product.startAll(Path.of(before), folder.resolve("before"), Map.of()));
                targets.add(Target.of("Click Counter at " + System.getenv("BENCH_BEFORE"), product));
            }
            Product product = opened.add(Product.startAll(folder.resolve("product"), Map.of()));
            targets.add(Target.of("Click Counter", product));
            measure(plan, report.table("direct, %d connections".formatted(CONNECTIONS)), targets, true);
        }
    }

    /// Adds the reference if nginx is installed.
    private static void addNginx(Path folder, List<Target> targets, Opened opened) throws IOException {
        if (Nginx.isInstalled()) {
            int port = Ports.free();
            TestProcess nginx = opened.add(nginxReturning204(folder, port));
            targets.add(Target.reference("nginx, empty 204", port, nginx, false));
        }
    }

    /// Starts an nginx that answers an empty 204 on a TCP port and on a Unix domain socket in the folder.
    private static TestProcess nginxReturning204(Path folder, int port) {
        return Nginx.start("nginx-204", folder, port, UNLIMITED + """
                server {
                    listen 127.0.0.1:%d;
                    listen unix:%s;
                    return 204;
                }
                """.formatted(port, folder.resolve("204.sock")));
    }

    /// Clicks through nginx with the product's own configuration.
    ///
    /// `./run.sh bench proxied`
    static void proxied(Plan plan, Report report) throws Exception {
        if (!Nginx.isInstalled()) {
            System.err.println("nginx is not installed: nothing to measure behind it");
            return;
        }
        Path folder = Files.createDirectories(plan.folder().resolve("proxied"));
        try (var opened = new Opened()) {
            Path socket = folder.resolve("ingest.sock");
            Product product =
                    opened.add(Product.startAll(folder.resolve("product"), Map.of("INGEST_SOCKET", socket.toString())));
            TestProcess behind = opened.add(nginxReturning204(folder, Ports.free()));
            var targets = new ArrayList<Target>();
            int nginxPort = Ports.free();
            TestProcess toNginx =
                    opened.add(proxy("to-nginx", folder, nginxPort, "unix:" + folder.resolve("204.sock")));
            targets.add(new Target(
                    "nginx → nginx, empty 204, Unix socket", nginxPort, toNginx, behind.usage(), false, null));
            int defaultsPort = Ports.free();
            TestProcess defaults = opened.add(frameworkWithDefaults(folder, defaultsPort));
            int defaultsProxyPort = Ports.free();
            TestProcess toDefaults =
                    opened.add(proxy("defaults", folder, defaultsProxyPort, "127.0.0.1:" + defaultsPort));
            targets.add(new Target(
                    "nginx → framework with its defaults, TCP",
                    defaultsProxyPort,
                    toDefaults,
                    defaults.usage(),
                    false,
                    null));
            int tcpPort = Ports.free();
            TestProcess overTcp = opened.add(proxy("tcp", folder, tcpPort, "127.0.0.1:" + product.port()));
            ProcessUsage ingest = product.ingest().usage();
            targets.add(new Target("nginx → Click Counter, TCP", tcpPort, overTcp, ingest, false, product));
            int socketPort = Ports.free();
            TestProcess overSocket = opened.add(proxy("socket", folder, socketPort, "unix:" + socket));
            targets.add(
                    new Target("nginx → Click Counter, Unix socket", socketPort, overSocket, ingest, false, product));
            measure(plan, report.table("behind nginx, %d connections".formatted(CONNECTIONS)), targets, false);
        }
    }

    private static TestProcess proxy(String name, Path folder, int port, String ingestAddress) {
        return Nginx.startProxy(name, folder, port, List.of(ingestAddress), Ports.free());
    }

    /// The cost of a click by the number of connections.
    ///
    /// `./run.sh bench connections`
    static void connections(Plan plan, Report report) throws Exception {
        curve(plan, report, "connections", List.of(1, 4, 16, 64, 256, 1_000), List.of(BANNERS));
    }

    /// The cost of a click by the number of banners.
    ///
    /// `./run.sh bench banners`
    static void banners(Plan plan, Report report) throws Exception {
        curve(plan, report, "banners", List.of(CONNECTIONS), List.of(1, 100, 10_000, 100_000, 1_000_000));
    }

    /// Measures beside nginx, for which such a curve is not flat either.
    private static void curve(Plan plan, Report report, String name, List<Integer> connections, List<Integer> banners)
            throws Exception {
        Table table = report.table("by " + name);
        Path folder = Files.createDirectories(plan.folder().resolve(name));
        try (var opened = new Opened()) {
            var targets = new ArrayList<Target>();
            addNginx(folder, targets, opened);
            Product product = opened.add(Product.startAll(folder.resolve("product"), Map.of()));
            targets.add(Target.of("Click Counter", product));
            var acknowledged = new long[ClickScript.MAX_BANNERS];
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
                                clicks.addTo(acknowledged);
                            }
                        }
                    }
                }
            }
            product.verify(acknowledged);
        }
    }

    /// What more processes of ingest and more threads in each of them gain and cost. Each combination has a log
    /// and a database of its own.
    ///
    /// `./run.sh bench processes`
    static void processes(Plan plan, Report report) throws Exception {
        Table table = report.table("by processes and threads of ingest, %d connections".formatted(CONNECTIONS));
        Path folder = plan.folder().resolve("processes");
        try (var opened = new Opened()) {
            Map<String, Product> products = new LinkedHashMap<>();
            for (String processes : List.of("1", "2")) {
                for (String threads : List.of("1", "2")) {
                    String name = "processes: %s, threads of each: %s".formatted(processes, threads);
                    products.put(
                            name,
                            opened.add(Product.startAll(
                                    folder.resolve(processes + "-" + threads),
                                    Map.of("INGEST_PROCESSES", processes, "INGEST_THREADS", threads))));
                }
            }
            Map<Product, long[]> acknowledged = new HashMap<>();
            for (int round = -1; round < plan.rounds(); round++) {
                for (Map.Entry<String, Product> each : products.entrySet()) {
                    Product product = each.getValue();
                    var clicks = new ClickScript(BANNERS);
                    try (var load = new LoadGenerator(product.port(), CONNECTIONS, clicks)) {
                        load.closedLoop(round < 0 ? FIRST_WARM_UP : WARM_UP);
                        if (round >= 0) {
                            long before = product.ingestUsage().cpuMicros();
                            Result result = load.closedLoop(Duration.ofSeconds(plan.seconds()));
                            table.add(each.getKey(), "clicks/s", result.perSecond());
                            double micros = product.ingestUsage().cpuMicros() - before;
                            table.add(each.getKey(), "server CPU µs/click", micros / result.answers());
                        }
                    }
                    clicks.addTo(acknowledged.computeIfAbsent(product, _ -> new long[BANNERS]));
                }
            }
            verify(acknowledged);
        }
    }

    /// Starts the framework with the product's settings and the flags of ingest, which `run.sh` gives.
    private static TestProcess tunedFramework(Path folder, int port) throws IOException {
        return bareServer(
                folder,
                "tuned",
                port,
                System.getenv("BENCH_JAVA_COMMAND").lines().toList());
    }

    /// Starts the framework and Java with their own defaults.
    private static TestProcess frameworkWithDefaults(Path folder, int port) throws IOException {
        return bareServer(
                folder,
                "defaults",
                port,
                System.getenv("BENCH_JAVA_COMMAND").lines().limit(2).toList());
    }

    private static TestProcess bareServer(Path folder, String how, int port, List<String> java) throws IOException {
        List<String> command = new ArrayList<>(java);
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), BareServer.class.getName(), how, Integer.toString(port)));
        return TestProcess.start("framework-" + how, folder, Map.of(), command).awaitPort(port);
    }

    /// Measures all targets in turn in each round, so that whatever else the machine does affects all of them.
    private static void measure(Plan plan, Table table, List<Target> targets, boolean withLatency) throws Exception {
        Map<Product, long[]> acknowledged = new HashMap<>();
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
                    clicks.addTo(acknowledged.computeIfAbsent(target.counts(), _ -> new long[BANNERS]));
                }
            }
        }
        for (Target target : targets) {
            table.add(target.name(), "own memory MiB", target.server().usage().ownBytes() / 1024.0 / 1024);
            table.add(target.name(), "resident MiB", target.server().usage().residentBytes() / 1024.0 / 1024);
        }
        verify(acknowledged);
    }

    private static void verify(Map<Product, long[]> acknowledged) throws IOException, SQLException {
        for (Map.Entry<Product, long[]> each : acknowledged.entrySet()) {
            each.getKey().verify(each.getValue());
        }
    }

    private static void measure(Plan plan, Table table, Target target, LoadGenerator load, boolean withLatency)
            throws IOException {
        long allocatedBefore =
                target.isJava() ? HeapAllocation.bytes(target.server().pid()) : 0;
        Result closed = closedLoop(plan, table, target.name(), load, target.server(), target.helpers());
        if (target.isJava()) {
            long allocated = HeapAllocation.bytes(target.server().pid()) - allocatedBefore;
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
            Plan plan, Table table, String row, LoadGenerator load, TestProcess server, ProcessUsage helpers)
            throws IOException {
        long serverBefore = server.usage().cpuMicros();
        long helpersBefore = helpers.cpuMicros();
        Result result = load.closedLoop(Duration.ofSeconds(plan.seconds()));
        table.add(row, "clicks/s", result.perSecond());
        table.add(row, "server CPU µs/click", (double) (server.usage().cpuMicros() - serverBefore) / result.answers());
        if (!helpers.equals(NONE)) {
            table.add(row, "behind it CPU µs/click", (double) (helpers.cpuMicros() - helpersBefore) / result.answers());
        }
        return result;
    }
}
