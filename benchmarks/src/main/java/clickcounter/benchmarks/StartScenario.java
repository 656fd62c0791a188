package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.testing.Await;
import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How long does it take until ingest answers clicks, and until the whole service is ready if its database is up?
///
/// Measured: the time from `./run.sh` to the message that the service is running, and what each process says that
/// it has taken since its JVM started. Not measured: the first start, which makes the log's files and the cache
/// of loaded classes.
///
/// `./run.sh bench start`
final class StartScenario {
    private static final Pattern READY = Pattern.compile("ready after (\\d+) ms");

    private StartScenario() {}

    static void run(Plan plan, Report report) throws Exception {
        Table table = report.table("start");
        try (var product = new Product(plan.folder().resolve("start"), Map.of())) {
            Map<String, String> database = Map.of("DATABASE_URL", product.databaseUrl());
            for (int round = -1; round < plan.rounds(); round++) {
                long startNs = System.nanoTime();
                TestProcess service = product.launch("all", database, List.of("./run.sh"));
                service.awaitOutput("Click Counter is running");
                double seconds = (System.nanoTime() - startNs) / 1e9;
                String output = service.output();
                if (round < 0) {
                    // run.sh makes the cache in the background of the first start.
                    Path cache = Path.of("target", "ingest.aot.key");
                    Await.until(cache + " is there", () -> Files.exists(cache));
                }
                service.stopCleanly();
                if (round < 0) {
                    continue;
                }
                table.add("the whole service, from ./run.sh to its readiness", "seconds", seconds);
                table.add("ingest, from exec to its readiness", "seconds", secondsOf("ingest", output));
                table.add("aggregator, from exec to its readiness", "seconds", secondsOf("aggregator", output));
                table.add("query, from exec to its readiness", "seconds", secondsOf("query", output));
            }
        }
    }

    private static double secondsOf(String process, String output) throws IOException {
        for (String line : output.lines().toList()) {
            Matcher ready = READY.matcher(line);
            if (line.contains(" " + process + " ") && ready.find()) {
                return Long.parseLong(ready.group(1)) / 1e3;
            }
        }
        throw new IOException("%s has not said that it is ready:%n%s".formatted(process, output));
    }
}
