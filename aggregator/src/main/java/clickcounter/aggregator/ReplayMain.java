package clickcounter.aggregator;

import clickcounter.shared.Arguments;
import clickcounter.shared.CommandMain;
import clickcounter.shared.SettingsReader;
import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Duration;

/// What `./run.sh replay` runs.
public final class ReplayMain {
    static final String HELP = """
            Usage: ./run.sh replay

            Builds the counts of an empty database from the log, shows how far it is, and ends when it has counted what
            was in the log at its start. Clicks may come in meanwhile; no aggregator may run. Should it be interrupted,
            ./run.sh aggregator goes on where it stopped.

            Exit codes: 0 done · 2 not begun, the message says why · 4 an aggregator has taken over.
            """;

    private static final double MILLIS_PER_SECOND = 1e3;

    private ReplayMain() {}

    /// Exits with 0 when all is counted.
    public static void main(String[] words) {
        CommandMain.run("replay", HELP, words, (arguments, settings) -> run(arguments, settings, System.out));
    }

    static int run(Arguments arguments, SettingsReader reader, PrintStream out) throws IOException, SQLException {
        arguments.finish();
        AggregatorSettings settings = AggregatorSettings.read(reader);
        long startNs = System.nanoTime();
        Replay.Result result = new Replay(settings, Progress::onError).run();
        Duration taken = Duration.ofNanos(System.nanoTime() - startNs);
        if (result.begin().isEmpty()) {
            out.println("The log has no clicks: there is nothing to count.");
            return 0;
        }
        out.println(
                "%,d records counted in %.1f s, up to record 0x%x. The oldest file of the log begins at %s: what was clicked before is not in the counts."
                        .formatted(
                                result.records(),
                                taken.toMillis() / MILLIS_PER_SECOND,
                                result.position(),
                                result.begin().get().start()));
        return 0;
    }
}
