package clickcounter.tools;

import clickcounter.aggregator.AggregatorSettings;
import clickcounter.shared.SettingsReader;
import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// `./run.sh replay`: builds the counts of an empty database from the log.
@Command(
        name = "./run.sh replay",
        description = """
            Builds the counts of an empty database from the log, shows its progress, and ends when it has counted what was in \
            the log at its start. Clicks may come in meanwhile, but no aggregator may run. If it is interrupted, ./run.sh \
            aggregator continues where it stopped.""",
        exitCodeList = {
            "0:The counts are complete.",
            "2:The replay has not begun; the message says why.",
            "4:An aggregator has taken over."
        })
final class ReplayCommand implements Callable<Integer> {
    private static final double MILLIS_PER_SECOND = 1e3;

    private final SettingsReader settings;
    private final PrintStream out;

    ReplayCommand(SettingsReader settings, PrintStream out) {
        this.settings = settings;
        this.out = out;
    }

    @Override
    public Integer call() throws IOException, SQLException {
        long startNs = System.nanoTime();
        Replay.Result result = new Replay(AggregatorSettings.read(settings), Progress::onError).run();
        Duration taken = Duration.ofNanos(System.nanoTime() - startNs);
        if (result.begin().isEmpty()) {
            out.println("The log has no clicks: there is nothing to count.");
            return 0;
        }
        out.println(
                "%,d records counted in %.1f s, up to record 0x%x. The oldest file of the log begins at %s: earlier clicks are not in the counts."
                        .formatted(
                                result.records(),
                                taken.toMillis() / MILLIS_PER_SECOND,
                                result.position(),
                                result.begin().get().start()));
        return 0;
    }
}
