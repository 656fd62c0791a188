package clickcounter.tools;

import clickcounter.counts.CountSnapshot;
import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.migrations.DatabaseSettings;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.StartFailure;
import clickcounter.shared.log.ClickReader;
import clickcounter.tools.Audit.Difference;
import clickcounter.tools.Audit.Result;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
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
            "5:The log does not hold the database's position."
        })
final class AuditCommand implements Callable<Integer> {
    /// The snapshot, or the transaction that repairs, needs one; the lock needs the other.
    private static final int CONNECTIONS = 2;

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
    private Instant to = Audit.END;

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
            if (sumsAlone) {
                SumAudit.Result result =
                        new SumAudit(store).run(from, to, repair, difference -> out.println(print(difference)));
                out.println(print(result));
                return result.differences() == 0 || repair ? EQUAL : DIFFERENT;
            }
            var progress = Progress.onError(log.cycles());
            Result result = new Audit(store, log, Audit.MAX_COUNTS, progress).run(from, to, repair, difference -> {
                progress.finish();
                out.println(print(difference));
            });
            progress.finish();
            out.println(print(result));
            if (result.from().isBefore(result.keptSince())) {
                out.println(
                        "Minutes before %s have been dropped (STATS_RETENTION_MINUTES): of these, the hours that lie wholly in the range were compared."
                                .formatted(result.keptSince()));
            }
            out.println(print(result.sums()));
            boolean isEqual = result.differences() == 0 && result.sums().differences() == 0;
            return isEqual || repair ? EQUAL : DIFFERENT;
        }
    }

    private static String print(Difference difference) {
        return "%s  %s %s  database %d  %s %d"
                .formatted(
                        difference.bannerId() == CountSnapshot.ALL_BANNERS
                                ? "all banners"
                                : "banner " + difference.bannerId(),
                        difference.unit().word(),
                        difference.time(),
                        difference.inDatabase(),
                        switch (difference.source()) {
                            case LOG -> "log";
                            case PARTS -> "its " + difference.unit().parts().word() + "s";
                            case BANNERS -> "the banners";
                        },
                        difference.expected());
    }

    private String print(SumAudit.Result result) {
        if (result.differences() > 0) {
            return "%,d sums by hour, day and month %s.".formatted(result.differences(), outcome());
        }
        if (!result.from().isBefore(result.rolledUntil())) {
            return "No minutes from %s on have been summed up by hour, day and month yet.".formatted(result.from());
        }
        return "Equal: the sums by hour, day and month, from %s to %s, up to which minutes are summed up."
                .formatted(result.from(), result.rolledUntil());
    }

    private String print(Result result) {
        String compared = "%,d clicks in %,d counts, from %s to %s (record 0x%x)"
                .formatted(
                        result.clicks(),
                        result.compared(),
                        result.from(),
                        to.equals(Audit.END) ? "what the database has" : to,
                        result.position());
        if (result.differences() > 0) {
            return "%,d counts %s. The log has %s.".formatted(result.differences(), outcome(), compared);
        }
        if (result.otherLogs().isEmpty()) {
            return "Equal: %s.".formatted(compared);
        }
        return "No count is lower than the log's: %s. Higher counts were not checked: the logs %s may have counted into the same minutes."
                .formatted(compared, Audit.join(result.otherLogs()));
    }

    private String outcome() {
        return repair ? "differed and have been repaired" : "differ; --repair repairs them";
    }
}
