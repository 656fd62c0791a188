package clickcounter.tools;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/// A command that has run.
///
/// @param out what it has printed on the standard output
/// @param error what it has printed on the standard error
record Run(int exitCode, String out, String error) {
    /// Runs the command that `command` makes for an output.
    static Run of(Function<PrintStream, Object> command, String... words) {
        var out = new ByteArrayOutputStream();
        var error = new ByteArrayOutputStream();
        var printTo = print(out);
        int exitCode = ToolsMain.run(command.apply(printTo), printTo, print(error), words);
        return new Run(exitCode, out.toString(StandardCharsets.UTF_8), error.toString(StandardCharsets.UTF_8));
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}
