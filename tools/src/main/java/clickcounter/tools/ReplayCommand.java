package clickcounter.tools;

import clickcounter.aggregator.Aggregator;
import clickcounter.aggregator.AggregatorSettings;
import clickcounter.counts.CountStore;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.shared.Lifetime;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogCycle;
import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// `./run.sh replay`: builds the counts of an empty database from the log. It runs an aggregator, which does so
/// anyway when it finds an empty database, reports the progress, and ends when it has counted what was in the log
/// at its start.
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
    private static final Duration POLL = Duration.ofMillis(200);
    private static final double NANOS_PER_SECOND = 1e9;

    private final SettingsReader settingsReader;
    private final PrintStream out;

    ReplayCommand(SettingsReader settings, PrintStream out) {
        this.settingsReader = settings;
        this.out = out;
    }

    @Override
    public Integer call() throws IOException, SQLException {
        long startNs = System.nanoTime();
        AggregatorSettings settings = AggregatorSettings.read(settingsReader);
        try (ClickReader log = ClickReader.inspect(settings.logFolder());
                Database database = Database.connect(settings.database(), "click-counter-replay", 1)) {
            List<LogCycle> cycles =
                    log.cycles().stream().filter(cycle -> cycle.records() > 0).toList();
            var store = new CountStore(database, log.logId());
            requireEmpty(store, log);
            if (cycles.isEmpty()) {
                out.println("The log has no clicks: there is nothing to count.");
                return 0;
            }
            long position = count(settings, store, cycles);
            out.println(
                    "%,d records counted in %.1f s, up to record 0x%x. The oldest file of the log begins at %s: earlier clicks are not in the counts."
                            .formatted(
                                    cycles.stream().mapToLong(LogCycle::records).sum(),
                                    (System.nanoTime() - startNs) / NANOS_PER_SECOND,
                                    position,
                                    cycles.getFirst().start()));
            return 0;
        }
    }

    /// Returns the position of the last record that is counted.
    private static long count(AggregatorSettings settings, CountStore store, List<LogCycle> cycles)
            throws SQLException {
        long end = cycles.getLast().firstIndex() + cycles.getLast().records() - 1;
        var progress = new Progress(cycles);
        var lifetime = new Lifetime();
        try (Aggregator _ = Aggregator.start(settings, lifetime)) {
            long position = ClickReader.START;
            while (position < end) {
                Optional<Lifetime.End> ended = lifetime.await(POLL);
                if (ended.isPresent()) {
                    throw new StartFailure(ended.get().code(), ended.get().reason());
                }
                position = store.position().map(LogPosition::lastIndex).orElse(ClickReader.START);
                progress.report(position);
            }
            return position;
        }
    }

    private static void requireEmpty(CountStore store, ClickReader log) throws SQLException {
        Optional<LogPosition> position = store.position();
        if (position.isPresent()) {
            throw new StartFailure("""
                    The database knows this log (id %s) already and has counted it up to %s. ./run.sh aggregator \
                    continues from there, also after an interrupted replay. To rebuild the counts, stop the aggregator and \
                    empty the database first: ./migrate.sh -down, ./migrate.sh -up.\
                    """.formatted(log.logId(), position.get().lastIndexText()));
        }
        if (!store.knowsWhoHasCounted()) {
            throw new StartFailure("""
                    The database has counts, but does not know of which log: those of this log may be among them. Empty \
                    it first: ./migrate.sh -down, ./migrate.sh -up.\
                    """);
        }
    }
}
