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
    static final int CONNECTIONS = 64;
    static final int BANNERS = 10_000;
    private static final Duration WARM_UP = Duration.ofSeconds(3);

    /// The first warm-up of each server, after which the compilers of a JVM are idle.
    private static final Duration FIRST_WARM_UP = Duration.ofSeconds(12);

    private ClickScenarios() {}

    /// Clicks straight to ingest, beside nginx, a bare loop in C and the bare framework, and beside the ingest of
    /// another commit.
    ///
    /// `./run.sh bench direct`, `BENCH_BEFORE=COMMIT ./run.sh bench direct`
    static void direct(Plan plan, Report report) throws Exception {
        Path folder = Files.createDirectories(plan.folder().resolve("direct"));
        try (var opened = new Opened()) {
            int barePort = Ports.free();
            TestProcess bare = opened.add(framework("tuned", folder, barePort));
            List<ClickTarget> targets = ClickTarget.all(folder, opened);
            targets.add(
                    new ClickTarget("bare framework, empty 204", barePort, bare.usage(), ClickTarget.NONE, true, null));
            measureAll(plan, report.table("direct, %d connections".formatted(CONNECTIONS)), targets);
        }
    }

    /// Clicks through nginx with the product's own configuration.
    ///
    /// `./run.sh bench proxied`
    static void proxied(Plan plan, Report report) throws Exception {
        if (!Nginx.isInstalled()) {
            System.err.println("nginx is not installed: nothing to measure behind it");
            return;
        }
        Path folder = plan.folder().resolve("proxied");
        Path socket = folder.resolve("ingest.sock");
        try (var opened = new Opened()) {
            TestProcess nginx = opened.add(ClickTarget.nginxReturning204(folder, Ports.free()));
            Product product =
                    opened.add(Product.startAll(folder.resolve("product"), Map.of("INGEST_SOCKET", socket.toString())));
            int frameworkPort = Ports.free();
            TestProcess framework = opened.add(framework("defaults", folder, frameworkPort));
            String frameworkAddress = "127.0.0.1:" + frameworkPort;
            String tcp = "127.0.0.1:" + product.service().port();
            ProcessUsage ingest = product.usage("ingest");
            var proxies = new Proxies(folder, opened);
            var targets = List.of(
                    proxies.to(
                            "unix:" + folder.resolve("204.sock"), "nginx, empty 204, Unix socket", nginx.usage(), null),
                    proxies.to(frameworkAddress, "framework with its defaults, TCP", framework.usage(), null),
                    proxies.to(tcp, "Click Counter, TCP", ingest, product),
                    proxies.to("unix:" + socket, "Click Counter, Unix socket", ingest, product));
            measureAll(plan, report.table("behind nginx, %d connections".formatted(CONNECTIONS)), targets);
        }
    }

    /// Starts reverse proxies.
    private record Proxies(Path folder, Opened opened) {
        ClickTarget to(String address, String name, ProcessUsage behindIt, @Nullable Product product) {
            int port = Ports.free();
            TestProcess proxy =
                    opened.add(Nginx.startProxy("proxy-" + port, folder, port, List.of(address), Ports.free()));
            return new ClickTarget("nginx → " + name, port, proxy.usage(), behindIt, false, product);
        }
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

    /// Measures beside the references, for which such a curve is not flat either.
    private static void curve(Plan plan, Report report, String name, List<Integer> connections, List<Integer> banners)
            throws Exception {
        Table table = report.table("by " + name);
        Path folder = Files.createDirectories(plan.folder().resolve(name));
        try (var opened = new Opened()) {
            List<ClickTarget> targets = ClickTarget.references(folder, opened);
            var settings = Map.of("SERVICE_MAX_NEW_BANNERS", "1000000");
            Product product = opened.add(Product.startAll(folder.resolve("product"), settings));
            targets.add(ClickTarget.of("Click Counter", product));
            warmUp(targets);
            for (int round = 0; round < plan.rounds(); round++) {
                for (int connectionCount : connections) {
                    for (int bannerCount : banners) {
                        for (ClickTarget target : targets) {
                            String row = "%s, %,d connections, %,d banners"
                                    .formatted(target.name(), connectionCount, bannerCount);
                            try (var load =
                                    new LoadGenerator(target.port(), connectionCount, target.clicks(bannerCount))) {
                                measure(plan, table, row, target, load);
                            }
                        }
                    }
                }
            }
            product.verify();
        }
    }

    /// What more processes of ingest and more threads in each of them gain and cost. Each combination has a log
    /// and a database of its own.
    ///
    /// `./run.sh bench processes`
    static void processes(Plan plan, Report report) throws Exception {
        Path folder = plan.folder().resolve("processes");
        try (var opened = new Opened()) {
            List<ClickTarget> targets = new ArrayList<>();
            for (String processes : List.of("1", "2")) {
                for (String threads : List.of("1", "2")) {
                    var settings = Map.of("INGEST_PROCESSES", processes, "INGEST_THREADS", threads);
                    Path own = folder.resolve(processes + "-" + threads);
                    targets.add(ClickTarget.of(
                            "processes: %s, threads of each: %s".formatted(processes, threads),
                            opened.add(Product.startAll(own, settings))));
                }
            }
            String title = "by processes and threads of ingest, %d connections".formatted(CONNECTIONS);
            measureAll(plan, report.table(title), targets);
        }
    }

    /// Starts the bare framework: `tuned` with the product's settings and the flags of ingest, which `run.sh`
    /// gives, or with its own and Java's `defaults`.
    private static TestProcess framework(String how, Path folder, int port) {
        List<String> java = System.getenv("BENCH_JAVA_COMMAND").lines().toList();
        List<String> command = new ArrayList<>(how.equals("tuned") ? java : java.subList(0, 2));
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), BareServer.class.getName(), how, Integer.toString(port)));
        return TestProcess.start("framework-" + how, folder, Map.of(), command).awaitPort(port);
    }

    /// Measures all targets in turn in each round, so that whatever else the machine does affects all of them.
    private static void measureAll(Plan plan, Table table, List<ClickTarget> targets) throws IOException, SQLException {
        warmUp(targets);
        for (int round = 0; round < plan.rounds(); round++) {
            for (ClickTarget target : targets) {
                try (var load = new LoadGenerator(target.port(), CONNECTIONS, target.clicks(BANNERS))) {
                    measure(plan, table, target.name(), target, load);
                }
            }
        }
        for (ClickTarget target : targets) {
            table.addMemory(target.name(), target.server());
            if (target.product() != null) {
                target.product().verify();
            }
        }
    }

    /// Lets the compilers of the JVMs come to rest.
    static void warmUp(List<ClickTarget> targets) throws IOException {
        for (ClickTarget target : targets) {
            try (var load = new LoadGenerator(target.port(), CONNECTIONS, target.clicks(BANNERS))) {
                load.closedLoop(FIRST_WARM_UP);
            }
        }
    }

    private static void measure(Plan plan, Table table, String row, ClickTarget target, LoadGenerator load)
            throws IOException {
        load.closedLoop(WARM_UP);
        long serverMicros = target.server().cpuMicros();
        long helpersMicros = target.helpers().cpuMicros();
        double allocatedBytes = target.isJava() ? allocatedBytes(target.server()) : 0;
        Result result = load.closedLoop(Duration.ofSeconds(plan.seconds()));
        double clicks = result.answers();
        table.add(row, "clicks/s", result.perSecond());
        table.add(row, "server CPU µs/click", (target.server().cpuMicros() - serverMicros) / clicks);
        if (!target.helpers().equals(ClickTarget.NONE)) {
            table.add(row, "behind it CPU µs/click", (target.helpers().cpuMicros() - helpersMicros) / clicks);
        }
        if (target.isJava()) {
            table.add(row, "bytes allocated per click", (allocatedBytes(target.server()) - allocatedBytes) / clicks);
        }
    }

    /// How much memory JVMs with a serial collector have allocated on their heaps since their starts, as `jstat`
    /// tells: exact to the size of a few objects per thread.
    private static double allocatedBytes(ProcessUsage processes) {
        Path jstat = Path.of(System.getProperty("java.home"), "bin", "jstat");
        double kibibytes = 0;
        for (long pid : processes.pids()) {
            List<String> lines = TestProcess.outputOf(jstat.toString(), "-gc", Long.toString(pid))
                    .lines()
                    .toList();
            List<String> names = List.of(lines.get(0).strip().split("\\s+", -1));
            String[] values = lines.get(1).strip().split("\\s+", -1);
            double collections = Double.parseDouble(values[names.indexOf("YGC")]);
            double edenKibibytes = Double.parseDouble(values[names.indexOf("EC")]);
            kibibytes += collections * edenKibibytes + Double.parseDouble(values[names.indexOf("EU")]);
        }
        return kibibytes * 1024;
    }
}
