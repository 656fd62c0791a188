package clickcounter.shared;

import java.util.List;

/// The life of a command that an operator types, the same for all: it answers on the standard output, says what
/// is wrong in one line on the standard error, and exits with what the command returns, or with 2 when it could
/// not be done.
public final class CommandMain {
    /// What a command does.
    @FunctionalInterface
    public interface Command {
        /// Returns the exit status.
        ///
        /// **Errors**: [StartFailure] when the operator can mend it.
        int run(Arguments arguments, SettingsReader settings) throws Exception;
    }

    private CommandMain() {}

    /// Runs a command of `run.sh` and exits.
    ///
    /// @param name the command behind `run.sh`
    /// @param help what `--help` prints
    /// @param words what the user has typed behind the command
    public static void run(String name, String help, String[] words, Command command) {
        Logging.configureForCommand(name);
        System.exit(status(name, help, words, command));
    }

    private static int status(String name, String help, String[] words, Command command) {
        var arguments = new Arguments("./run.sh " + name, List.of(words));
        if (arguments.wantsHelp()) {
            System.out.print(help);
            return ExitCode.STOPPED.status();
        }
        try {
            return command.run(arguments, SettingsReader.ofProcess());
        } catch (StartFailure failure) {
            System.err.println("run.sh " + name + ": " + failure.getMessage());
            return failure.code().status();
        } catch (Throwable unexpected) {
            System.err.println("run.sh " + name + ": stopped by an unexpected error; please report it:");
            unexpected.printStackTrace();
            return ExitCode.START_FAILED.status();
        }
    }
}
