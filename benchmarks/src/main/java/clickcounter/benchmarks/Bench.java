package clickcounter.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// `./run.sh bench [SCENARIO …]` measures the running product and its references in turn, prints tables, and
/// writes them with a description of the machine to `benchmarks/target/bench.json` and `bench.md`. The files are
/// written after each scenario, so that one that fails takes nothing from the others.
///
/// Without names, all scenarios run except `ranges`, which needs 15 GB of disk and some ten minutes to fill them.
///
/// `BENCH_ROUNDS` (3) and `BENCH_SECONDS` (10, the length of one measurement) make the run longer or shorter.
final class Bench {
    private static final Map<String, Scenario> SCENARIOS = scenarios();
    private static final List<String> DEFAULT_SCENARIOS =
            SCENARIOS.keySet().stream().filter(name -> !name.equals("ranges")).toList();

    private Bench() {}

    /// One question about the product.
    @FunctionalInterface
    interface Scenario {
        void run(Plan plan, Report report) throws Exception;
    }

    /// How long to measure, and where to keep files in the meantime.
    record Plan(Path folder, int rounds, int seconds) {}

    private static Map<String, Scenario> scenarios() {
        var scenarios = new LinkedHashMap<String, Scenario>();
        scenarios.put("direct", ClickScenarios::direct);
        scenarios.put("forms", FormsScenario::run);
        scenarios.put("latency", LatencyScenario::run);
        scenarios.put("proxied", ClickScenarios::proxied);
        scenarios.put("connections", ClickScenarios::connections);
        scenarios.put("banners", ClickScenarios::banners);
        scenarios.put("processes", ClickScenarios::processes);
        scenarios.put("statistics", StatisticsScenario::run);
        scenarios.put("replay", ReplayScenario::run);
        scenarios.put("start", StartScenario::run);
        scenarios.put("live", LiveScenario::run);
        scenarios.put("ranges", RangesScenario::run);
        return scenarios;
    }

    /// Runs the scenarios named.
    public static void main(String[] names) throws Exception {
        List<String> chosen = names.length == 0 ? DEFAULT_SCENARIOS : List.of(names);
        for (String name : chosen) {
            if (!SCENARIOS.containsKey(name)) {
                System.err.printf("There is no scenario \"%s\"; there are: %s.%n", name, SCENARIOS.keySet());
                System.exit(2);
            }
        }
        Path folder = Files.createTempDirectory("clickcounter-bench");
        var plan = new Plan(folder, number("BENCH_ROUNDS", 3), number("BENCH_SECONDS", 10));
        var report = new Report(plan);
        boolean hasFailed = false;
        for (String name : chosen) {
            System.err.println("measuring " + name + " …");
            try {
                Objects.requireNonNull(SCENARIOS.get(name)).run(plan, report);
            } catch (Exception | AssertionError failure) {
                hasFailed = true;
                report.failed(name, failure);
                failure.printStackTrace();
            }
            report.write(Path.of("benchmarks", "target"));
        }
        System.out.println(report.markdown());
        System.err.println("what the servers printed is in " + folder);
        System.exit(hasFailed ? 1 : 0);
    }

    private static int number(String variable, int defaultNumber) {
        String value = System.getenv(variable);
        return value == null ? defaultNumber : Integer.parseInt(value);
    }
}
