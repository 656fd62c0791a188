package clickcounter.tools;

import clickcounter.counts.CountRepair;
import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.tools.Audit.Difference;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `./run.sh audit`: compares the counts in the database with the log.
@Command(
        name = "./run.sh audit",
        description = """
            Counts the clicks of the log again, up to the position that the database has reached, and compares them with the \
            counts in the database: minute by minute, and hour by hour where the minutes have been dropped. Then it compares \
            the sums with what they are the sums of: hours with their minutes, days with their hours, months with their days. \
            Everything else may keep running meanwhile.

            A minute belongs to the range when its start does. TIME looks like 2026-01-31T10:00:00Z.

            When other logs (of other hosts, or of a folder that was replaced) may have counted into the same minutes, only \
            counts that are too low are found, and none is repaired; sums are.""",
        exitCodeList = {
            "0:Everything is equal, or was repaired.",
            "1:Counts differ; each difference is on a line of its own.",
            "2:The comparison was not possible; the message says why.",
            "5:The log does not hold the position of the database, or lacks a file in the middle."
        })
final class AuditCommand implements Callable<Integer> {
    /// The snapshot, or the transaction that repairs, needs one; the lock needs the other.
    private static final int CONNECTIONS = 2;

    /// A time after all clicks.
    private static final Instant END = Instant.parse("9999-12-31T23:59:00Z");

    private static final int EQUAL = 0;
    private static final int DIFFERENT = 1;

    private final SettingsReader settings;
    private final PrintStream out;

    @Option(
            names = "--from",
            paramLabel = "TIME",
            description = "Begin with this minute; by default with the log's oldest file.")
    private Optional<Instant> from = Optional.empty();

    @Option(names = "--to", paramLabel = "TIME", description = "End before this minute; by default there is no end.")
    private Instant to = END;

    @Option(
            names = "--sums",
            description =
                    "Compare only the sums and do not read the log. The range may then begin before the log, and does so without --from.")
    private boolean sumsAlone;

    @Option(
            names = "--repair",
            description =
                    "Repair the sums, and the counts that differ: those of each pass through the log in one transaction.")
    private boolean repair;

    AuditCommand(SettingsReader settings, PrintStream out) {
        this.settings = settings;
        this.out = out;
    }

    @Override
    public Integer call() throws SQLException, IOException {
        if (from.isPresent() && !from.get().isBefore(to)) {
            throw new StartFailure("--from is %s, which is not before --to, %s.".formatted(from.get(), to));
        }
        Path logFolder = LogCommand.folder(settings);
        var databaseSettings = DatabaseSettings.read(settings);
        settings.finish();
        try (ClickReader log = ClickReader.inspect(logFolder);
                Database database = Database.connect(databaseSettings, "click-counter-audit", CONNECTIONS)) {
            var store = new CountStore(database, log.logId());
            try (CountRepair repairing = repair ? store.repair() : null) {
                return sumsAlone ? auditSums(store, repairing) : audit(store, log, repairing);
            }
        }
    }

    private int auditSums(CountStore store, @Nullable CountRepair repairing) throws SQLException {
        var sums = new SumAudit(store, repairing, this::print);
        long firstMinute = from.isPresent() ? EpochMinute.ceil(from.get()) : sums.firstMinute();
        sums.run(firstMinute, EpochMinute.ceil(to), List.of());
        out.println(sums.summary(EpochMinute.start(firstMinute), outcome()));
        return exitCode(sums.differences());
    }

    private int audit(CountStore store, ClickReader log, @Nullable CountRepair repairing)
            throws SQLException, IOException {
        var counts = new Audit(store, log, Audit.MAX_COUNTS, repairing, this::print);
        Instant begin = requireBegin(log);
        long firstMinute = EpochMinute.ceil(begin);
        var sums = new SumAudit(store, repairing, this::print);
        counts.run(firstMinute, EpochMinute.ceil(to));
        sums.run(firstMinute, EpochMinute.ceil(to), counts.unrepaired());
        String end = to.equals(END) ? "what the database has" : to.toString();
        out.println(counts.summary("from %s to %s".formatted(begin, end), outcome()));
        if (begin.isBefore(counts.keptSince())) {
            out.println(
                    "Minutes before %s have been dropped (STATS_RETENTION_MINUTES): of these, the hours that lie wholly in the range were compared."
                            .formatted(counts.keptSince()));
        }
        out.println(sums.summary(EpochMinute.start(firstMinute), outcome()));
        return exitCode(counts.differences() + sums.differences());
    }

    private Instant requireBegin(ClickReader log) throws IOException {
        Instant oldest = log.cycles().getFirst().start();
        Instant begin = from.orElse(oldest);
        if (begin.isBefore(oldest)) {
            throw new StartFailure(
                    "--from is %s, but the oldest file of the log begins at %s: earlier clicks cannot be counted again. Begin there: --from %s."
                            .formatted(begin, oldest, oldest));
        }
        if (!begin.isBefore(to)) {
            throw new StartFailure(
                    "The oldest file of the log begins at %s, which is not before --to, %s: there is nothing to compare."
                            .formatted(begin, to));
        }
        return begin;
    }

    private void print(Difference difference) {
        out.println(difference.line());
    }

    private String outcome() {
        return repair ? "differed and have been repaired" : "differ; --repair repairs them";
    }

    private int exitCode(long differences) {
        return differences == 0 || repair ? EQUAL : DIFFERENT;
    }
}
