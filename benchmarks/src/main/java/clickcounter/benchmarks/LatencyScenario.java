package clickcounter.benchmarks;

import clickcounter.benchmarks.Bench.Plan;
import clickcounter.benchmarks.Report.Table;
import clickcounter.shared.Opened;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.Histogram;

/// How long does a click wait for its answer at 20 000 clicks/s?
///
/// Measured: an open loop, in which clicks are due at a fixed rate whatever the server does, from the moment when a
/// click was due. The targets take turns in windows of one second, because other users of the machine disturb it for
/// longer than that. A round of windows is left out if all targets, the bare loop in C among them, were disturbed in
/// it. The tables show the medians of the windows, and how much of the processors the hypervisor gave to others.
///
/// `BENCH_ROUNDS=3 ./run.sh bench latency` measures 30 windows of each target.
final class LatencyScenario {
    private static final int PER_SECOND = 20_000;
    private static final int WINDOWS_PER_ROUND = 10;
    private static final Duration WINDOW = Duration.ofSeconds(1);
    private static final Duration WARM_UP = Duration.ofMillis(300);

    /// How many times its own median the 99th percentile of each target is in a round that is left out.
    private static final int DISTURBED = 3;

    private static final double P99 = 99;

    /// Where the line of all processors in `/proc/stat` has the stolen time.
    private static final int STOLEN_FIELD = 8;

    private LatencyScenario() {}

    /// @param stolen percent of the processors' time
    private record Window(Histogram latencies, double stolen) {
        long p99() {
            return latencies.getValueAtPercentile(P99);
        }
    }

    static void run(Plan plan, Report report) throws Exception {
        Path folder = Files.createDirectories(plan.folder().resolve("latency"));
        try (var opened = new Opened()) {
            List<ClickTarget> targets = ClickTarget.all(folder, opened);
            ClickScenarios.warmUp(targets);
            List<LoadGenerator> loads = new ArrayList<>();
            for (ClickTarget target : targets) {
                loads.add(opened.add(new LoadGenerator(
                        target.port(), ClickScenarios.CONNECTIONS, target.clicks(ClickScenarios.BANNERS))));
            }
            List<List<Window>> rounds = new ArrayList<>();
            for (int round = 0; round < plan.rounds() * WINDOWS_PER_ROUND; round++) {
                List<Window> windows = new ArrayList<>();
                for (LoadGenerator load : loads) {
                    windows.add(measure(load));
                }
                rounds.add(windows);
            }
            report(report.table("latency at %,d clicks/s".formatted(PER_SECOND)), targets, rounds);
            for (ClickTarget target : targets) {
                if (target.product() != null) {
                    target.product().verify();
                }
            }
        }
    }

    private static Window measure(LoadGenerator load) throws IOException {
        load.openLoop(WARM_UP, PER_SECOND);
        long[] before = processorTicks();
        Histogram latencies = load.openLoop(WINDOW, PER_SECOND).latencies();
        long[] after = processorTicks();
        return new Window(latencies, 100.0 * (after[1] - before[1]) / Math.max(1, after[0] - before[0]));
    }

    private static void report(Table table, List<ClickTarget> targets, List<List<Window>> rounds) {
        double[] usual = new double[targets.size()];
        for (int at = 0; at < usual.length; at++) {
            int target = at;
            usual[at] = Report.median(rounds.stream()
                    .map(windows -> (double) windows.get(target).p99())
                    .toList());
        }
        for (List<Window> windows : rounds) {
            boolean isDisturbed = true;
            for (int at = 0; at < usual.length; at++) {
                isDisturbed &= windows.get(at).p99() > DISTURBED * usual[at];
            }
            for (int at = 0; at < usual.length; at++) {
                String name = targets.get(at).name();
                if (!isDisturbed) {
                    table.addLatencies(name, windows.get(at).latencies());
                    table.add(name, "stolen %", windows.get(at).stolen());
                }
            }
        }
    }

    /// Returns the time of all processors since the start of the machine, and how much of it was stolen.
    private static long[] processorTicks() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/stat"))) {
            String[] fields = lines.findFirst().orElseThrow().split(" +", -1);
            long all = Arrays.stream(fields)
                    .skip(1)
                    .limit(STOLEN_FIELD)
                    .mapToLong(Long::parseLong)
                    .sum();
            return new long[] {all, Long.parseLong(fields[STOLEN_FIELD])};
        }
    }
}
