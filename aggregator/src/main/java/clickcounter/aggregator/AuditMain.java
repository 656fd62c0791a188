package clickcounter.aggregator;

import clickcounter.aggregator.Audit.Difference;
import clickcounter.aggregator.Audit.Result;
import clickcounter.counts.CountSnapshot;
import clickcounter.counts.CountStore;
import clickcounter.migrations.Database;
import clickcounter.shared.Arguments;
import clickcounter.shared.CommandMain;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.log.ClickReader;
import java.io.IOException;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;

/// What `./run.sh audit` runs.
public final class AuditMain {
    static final String HELP = """
            Usage: ./run.sh audit [--from TIME] [--to TIME] [--sums] [--repair]

            Counts the clicks of the log anew, up to the position that the database has, and compares them with the
            counts in the database: minute by minute, and hour by hour where the minutes were dropped. Then it compares the
            sums with what they are the sums of: hours with their minutes, days with their hours, months with their days.
            Everything may go on running meanwhile.

              --from TIME  the first minute; without it the beginning of the log's oldest file
              --to TIME    the first minute that does not belong to the range; without it there is no end
              --sums       compares the sums alone, and does not read the log: so the range may begin before it, and does
                           so without --from
              --repair     mends the counts that differ: of each pass through the log, in one transaction; and the sums

            A minute belongs to the range when its start does. TIME is such as 2026-01-31T10:00:00Z.

            When other logs (of other hosts, or of a folder that was replaced) may have counted into the same minutes, only
            counts that are too low are found, and none is mended; sums are.

            Exit codes: 0 equal, or mended · 1 different, each difference is on a line · 2 could not be compared, and the
            message says why · 5 the log does not hold the database's position.
            """;

    /// One for the snapshot and the transaction that mends, one for the lock.
    private static final int CONNECTIONS = 2;

    private static final int EQUAL = 0;
    private static final int DIFFERENT = 1;

    private AuditMain() {}

    /// Exits with 0 when all is equal or mended, with 1 when not.
    public static void main(String[] words) {
        CommandMain.run("audit", HELP, words, (arguments, settings) -> run(arguments, settings, System.out));
    }

    static int run(Arguments arguments, SettingsReader reader, PrintStream out) throws SQLException, IOException {
        Optional<Instant> from = arguments.time("--from");
        Instant to = arguments.time("--to").orElse(Audit.END);
        boolean sumsAlone = arguments.flag("--sums");
        boolean repair = arguments.flag("--repair");
        arguments.finish();
        if (from.isPresent() && !from.get().isBefore(to)) {
            throw arguments.failure("--from is %s, which is not before --to, %s".formatted(from.get(), to));
        }
        AggregatorSettings settings = AggregatorSettings.read(reader);
        try (ClickReader log = ClickReader.inspect(settings.logFolder());
                Database database = Database.connect(settings.database(), "clickcounter-audit", CONNECTIONS)) {
            var store = new CountStore(database, log.logId());
            if (sumsAlone) {
                SumAudit.Result result =
                        new SumAudit(store).run(from, to, repair, difference -> out.println(print(difference)));
                out.println(print(result, repair));
                return result.differences() == 0 || repair ? EQUAL : DIFFERENT;
            }
            var progress = Progress.onError(log.cycles());
            Result result = new Audit(store, log, Audit.MAX_COUNTS, progress).run(from, to, repair, difference -> {
                progress.finish();
                out.println(print(difference));
            });
            progress.finish();
            out.println(print(result, to, repair));
            if (result.from().isBefore(result.keptSince())) {
                out.println(
                        "Minutes before %s were dropped (STATS_RETENTION_MINUTES): of them the hours were compared that lie wholly in the range."
                                .formatted(result.keptSince()));
            }
            out.println(print(result.sums(), repair));
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

    private static String print(SumAudit.Result result, boolean repair) {
        if (result.differences() > 0) {
            return "%,d sums by hour, day and month %s."
                    .formatted(
                            result.differences(), repair ? "differed and are mended" : "differ; --repair mends them");
        }
        if (!result.from().isBefore(result.until())) {
            return "Nothing from %s on is summed up by hour, day and month yet.".formatted(result.from());
        }
        return "Equal: the sums by hour, day and month, from %s to %s, up to which minutes are summed up."
                .formatted(result.from(), result.until());
    }

    private static String print(Result result, Instant to, boolean repair) {
        String compared = "%,d clicks in %,d counts, from %s to %s (record 0x%x)"
                .formatted(
                        result.clicks(),
                        result.compared(),
                        result.from(),
                        to.equals(Audit.END) ? "what the database has" : to,
                        result.position());
        if (result.differences() > 0) {
            return "%,d counts %s. The log has %s."
                    .formatted(
                            result.differences(),
                            repair ? "differed and are mended" : "differ; --repair mends them",
                            compared);
        }
        if (result.otherLogs().isEmpty()) {
            return "Equal: %s.".formatted(compared);
        }
        return "No count is lower than the log's: %s. Higher ones were not looked at: the logs %s may have counted into the same minutes."
                .formatted(compared, Audit.join(result.otherLogs()));
    }
}
