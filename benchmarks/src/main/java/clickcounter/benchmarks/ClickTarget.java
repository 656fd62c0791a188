package clickcounter.benchmarks;

import clickcounter.shared.Opened;
import clickcounter.testing.Nginx;
import clickcounter.testing.Ports;
import clickcounter.testing.ProcessUsage;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A server that answers clicks.
///
/// @param server the processes that are measured
/// @param helpers the processes whose processor time is shown separately
/// @param product that counts the clicks; null if they are not counted
record ClickTarget(
        String name,
        int port,
        ProcessUsage server,
        ProcessUsage helpers,
        boolean isJava,
        @Nullable Product product) {
    static final ProcessUsage NONE = new ProcessUsage(List.of());

    /// Lets a connection to nginx last for a whole run.
    private static final String UNLIMITED = "keepalive_requests 1000000000;\n";

    static ClickTarget of(String name, Product product) {
        ProcessUsage behindTheLog = product.usage("aggregator", "query", "database");
        return new ClickTarget(name, product.service().port(), product.usage("ingest"), behindTheLog, true, product);
    }

    /// Starts the references, nginx first, then the product of another commit, whose sources `run.sh` has built in
    /// `BENCH_BEFORE_SOURCES`, then the product. Leaves out what is not installed.
    ///
    /// @param folder that exists
    static List<ClickTarget> all(Path folder, Opened opened) throws IOException {
        List<ClickTarget> targets = references(folder, opened);
        String before = System.getenv("BENCH_BEFORE_SOURCES");
        if (before != null) {
            Product product = opened.add(Product.startAll(Path.of(before), folder.resolve("before"), Map.of()));
            targets.add(of("Click Counter at " + System.getenv("BENCH_BEFORE"), product));
        }
        targets.add(of("Click Counter", opened.add(Product.startAll(folder.resolve("product"), Map.of()))));
        return targets;
    }

    /// Starts an nginx and a bare epoll loop in C that do nothing but answer.
    static List<ClickTarget> references(Path folder, Opened opened) throws IOException {
        List<ClickTarget> targets = new ArrayList<>();
        if (Nginx.isInstalled()) {
            int port = Ports.free();
            TestProcess nginx = opened.add(nginxReturning204(folder, port));
            targets.add(reference("nginx, one worker, empty 204", port, nginx));
        } else {
            System.err.println("nginx is not installed: nothing is measured beside it");
        }
        Optional<String> compiler = find("cc");
        if (compiler.isPresent()) {
            Path program = folder.resolve("floor");
            TestProcess.outputOf(compiler.get(), "-O2", "-o", program.toString(), "benchmarks/src/main/c/floor.c");
            int port = Ports.free();
            TestProcess floor = opened.add(
                    TestProcess.start("floor", folder, Map.of(), List.of(program.toString(), Integer.toString(port))));
            targets.add(reference("bare epoll loop in C", port, floor.awaitPort(port)));
        } else {
            System.err.println("there is no C compiler: no bare epoll loop is measured");
        }
        return targets;
    }

    private static ClickTarget reference(String name, int port, TestProcess process) {
        return new ClickTarget(name, port, process.usage(), NONE, false, null);
    }

    /// Starts an nginx that answers an empty 204 on a TCP port and on a Unix domain socket in the folder. It has one
    /// worker: on two processors that it shares with the load, more of them only take turns.
    static TestProcess nginxReturning204(Path folder, int port) {
        return Nginx.start("nginx-204", folder, port, 1, UNLIMITED + """
                server {
                    listen 127.0.0.1:%d;
                    listen unix:%s;
                    return 204;
                }
                """.formatted(port, folder.resolve("204.sock")));
    }

    /// Finds a program on the path.
    static Optional<String> find(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }

    /// Clicks on this server, which [#verify] compares with the counts.
    ClickScript clicks(int banners) {
        return product == null ? new ClickScript(banners, new long[banners]) : product.clicks(banners);
    }
}
