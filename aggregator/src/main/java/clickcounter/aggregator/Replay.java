package clickcounter.aggregator;

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

/// Builds the counts of an empty database from the log. An aggregator does that anyway when it finds nothing;
/// this is one that tells how far it has come, and ends when it has counted what there was at its start.
///
/// Should it be interrupted, any aggregator goes on where it stopped: it is the same work.
final class Replay {
    private static final Duration POLL = Duration.ofMillis(200);

    private final AggregatorSettings settings;
    private final Function<List<LogCycle>, Progress> progress;

    /// What was done.
    ///
    /// @param begin empty when the log has no clicks
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
                Database database = Database.connect(settings.database(), "clickcounter-replay", 1)) {
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
                    The database knows this log (id %s) already and has counted it up to %s. ./run.sh aggregator goes on \
                    from there, also after a replay that was interrupted. To build the counts anew, stop the aggregator \
                    and empty the database first: ./migrate.sh -down, ./migrate.sh -up.\
                    """.formatted(log.logId(), position.get().lastIndexText()));
        }
        if (!store.knowsWhoHasCounted()) {
            throw new StartFailure("""
                    The database has counts, but no log that they are from: those of this log may be among them. Empty it \
                    first: ./migrate.sh -down, ./migrate.sh -up.\
                    """);
        }
    }
}
