package clickcounter.tools;

import clickcounter.shared.ExitCode;
import clickcounter.shared.Logging;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.Spelling;
import clickcounter.shared.StartFailure;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/// What `run.sh` and `migrate.sh` start for operators: one command that answers on the standard output, says in
/// one line on the standard error what is wrong, and exits.
public final class ToolsMain {
    private static final int HELP_WIDTH = 120;

    private ToolsMain() {}

    /// Runs the command that the first word names, with the other words as the user has typed them. Exits with
    /// what the command returns, or with 2 when it cannot do its work.
    public static void main(String[] words) {
        String name = words.length == 0 ? "" : words[0];
        Logging.configureForCommand(name);
        System.exit(run(name, Arrays.copyOfRange(words, Math.min(1, words.length), words.length)));
    }

    private static int run(String name, String... words) {
        try {
            return run(command(name, SettingsReader.ofProcess()), System.out, System.err, words);
        } catch (StartFailure failure) {
            System.err.println(failure.getMessage());
            return failure.code().status();
        }
    }

    /// Only the class of the command that runs is loaded: commands that read a little answer at once.
    private static Object command(String name, SettingsReader settings) {
        return switch (name) {
            case "audit" -> new AuditCommand(settings, System.out);
            case "replay" -> new ReplayCommand(settings, System.out);
            case "log" -> new LogCommand(settings, System.out);
            case "migrate" ->
                new MigrateCommand(
                        settings,
                        Path.of("migrations", "sql"),
                        new InputStreamReader(System.in, Charset.defaultCharset()),
                        System.out);
            default ->
                throw new StartFailure(
                        "There is no command \"%s\": use audit, replay, log or migrate.".formatted(name));
        };
    }

    /// Returns the exit status.
    static int run(Object command, PrintStream out, PrintStream err, String... words) {
        CommandLine line = new CommandLine(command)
                .setOut(new PrintWriter(out, true, out.charset()))
                .setErr(new PrintWriter(err, true, err.charset()))
                .setColorScheme(Help.defaultColorScheme(Help.Ansi.OFF))
                .setUsageHelpWidth(HELP_WIDTH)
                .setExpandAtFiles(false)
                .setPosixClusteredShortOptionsAllowed(false)
                .registerConverter(Instant.class, ToolsMain::time)
                .registerConverter(Long.class, wholeNumber(1, Long.MAX_VALUE))
                .registerConverter(
                        int.class,
                        text -> Math.toIntExact(
                                wholeNumber(0, Integer.MAX_VALUE).convert(text)))
                .setParameterExceptionHandler((failure, _) -> refuse(failure))
                .setExecutionExceptionHandler((failure, failed, _) -> report(failure, failed));
        line.getCommandSpec()
                .addOption(OptionSpec.builder("-h", "-help", "--help")
                        .type(boolean.class)
                        .usageHelp(true)
                        .scopeType(ScopeType.INHERIT)
                        .description("Show this text.")
                        .build());
        line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n");
        layOutHelp(line);
        line.getSubcommands().values().forEach(ToolsMain::layOutHelp);
        return line.execute(List.of(words).equals(List.of("help")) ? new String[] {"--help"} : words);
    }

    private static void layOutHelp(CommandLine line) {
        line.getCommandSpec()
                .usageMessage()
                .sortOptions(false)
                .descriptionHeading("%n")
                .optionListHeading("%n")
                .commandListHeading("%nCommands:%n");
    }

    private static int refuse(ParameterException failure) {
        CommandSpec command = failure.getCommandLine().getCommandSpec();
        String reason = failure instanceof UnmatchedArgumentException unmatched
                ? notUnderstood(unmatched.getUnmatched().getFirst(), command)
                : failure.getMessage() + ".";
        failure.getCommandLine()
                .getErr()
                .printf("%s: %s %s --help explains the command.%n", script(command), reason, command.qualifiedName());
        return ExitCode.START_FAILED.status();
    }

    private static String notUnderstood(String word, CommandSpec command) {
        var known = new TreeSet<>(command.optionsMap().keySet());
        known.addAll(command.subcommands().keySet());
        String nearest = Spelling.nearest(word, known);
        String suggestion = Spelling.isTypingError(word, nearest) ? " Did you mean %s?".formatted(nearest) : "";
        return "\"%s\" is not understood.%s".formatted(word, suggestion);
    }

    private static int report(Exception failure, CommandLine line) {
        String script = script(line.getCommandSpec());
        if (failure instanceof StartFailure explained) {
            line.getErr().println(script + ": " + explained.getMessage());
            return explained.code().status();
        }
        line.getErr().println(script + ": stopped by an unexpected error; please report it:");
        failure.printStackTrace(line.getErr());
        return ExitCode.START_FAILED.status();
    }

    /// What messages begin with, such as `run.sh audit`.
    private static String script(CommandSpec command) {
        return command.root().name().substring("./".length());
    }

    /// A moment with its offset from UTC, as RFC 3339 has it; the seconds may be left out.
    private static Instant time(String text) {
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException notATime) {
            throw new TypeConversionException(
                    "\"%s\" is not a time such as 2026-01-31T10:00:00Z or 2026-01-31T13:00:00+03:00".formatted(text));
        }
    }

    private static ITypeConverter<Long> wholeNumber(long min, long max) {
        return text -> {
            try {
                long number = Long.parseLong(text);
                if (number >= min && number <= max) {
                    return number;
                }
            } catch (NumberFormatException notANumber) {
                // Refused below, as a number out of range is.
            }
            throw new TypeConversionException("\"%s\" is not a whole number from %d to %d".formatted(text, min, max));
        };
    }
}
