package clickcounter.tools;

import clickcounter.aggregator.Aggregator;
import clickcounter.aggregator.AggregatorSettings;
import clickcounter.counts.CountStore;
import clickcounter.counts.LogPosition;
import clickcounter.migrations.Database;
import clickcounter.shared.Lifetime;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogCycle;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Builds the counts of an empty database from the log. It runs an aggregator, which does so anyway when it finds
/// an empty database, reports the progress, and ends when it has counted what was in the log at its start.
///
/// If it is interrupted, any aggregator continues where it stopped.
final class Replay {
    private static final Duration POLL = Duration.ofMillis(200);

    private final AggregatorSettings settings;
    private final Function<List<LogCycle>, Progress> progress;

    /// The outcome.
    ///
    /// @param begin the first file of the log; empty when the log has no clicks
    /// @param position the last record that is counted
    record Result(Optional<LogCycle> begin, long records, long position) {}

    Replay(AggregatorSettings settings, Function<List<LogCycle>, Progress> progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /// **Errors**: [StartFailure] when the database is not empty, or when the log or the database cannot be
    /// used.
    Result run() throws IOException, SQLException {
        List<LogCycle> cycles;
        CountStore store;
        try (ClickReader log = ClickReader.inspect(settings.logFolder());
                Database database = Database.connect(settings.database(), "click-counter-replay", 1)) {
            cycles = log.cycles().stream().filter(cycle -> cycle.records() > 0).toList();
            store = new CountStore(database, log.logId());
            requireEmpty(store, log);
            if (cycles.isEmpty()) {
                return new Result(Optional.empty(), 0, ClickReader.START);
            }
            long end = cycles.getLast().firstIndex() + cycles.getLast().records() - 1;
            long position = count(store, end, progress.apply(cycles));
            return new Result(
                    Optional.of(cycles.getFirst()),
                    cycles.stream().mapToLong(LogCycle::records).sum(),
                    position);
        }
    }

    private long count(CountStore store, long end, Progress shown) throws SQLException {
        var lifetime = new Lifetime();
        try (Aggregator _ = Aggregator.start(settings, lifetime)) {
            long position = ClickReader.START;
            while (position < end) {
                Optional<Lifetime.End> ended = lifetime.await(POLL);
                if (ended.isPresent()) {
                    shown.finish();
                    throw new StartFailure(ended.get().code(), ended.get().reason());
                }
                position = store.position().map(LogPosition::lastIndex).orElse(ClickReader.START);
                shown.report(position);
            }
            shown.finish();
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
