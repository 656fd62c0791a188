package clickcounter.ingest;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/// Captures what this process prints while this object is open.
final class ConsoleOutput implements AutoCloseable {
    private final PrintStream standardOutput = System.out;
    private final PrintStream standardError = System.err;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private ConsoleOutput() {
        var captured = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        System.setOut(captured);
        System.setErr(captured);
    }

    static ConsoleOutput capture() {
        return new ConsoleOutput();
    }

    /// Returns what was printed since the last call.
    String newText() {
        synchronized (bytes) {
            String text = bytes.toString(StandardCharsets.UTF_8);
            bytes.reset();
            return text;
        }
    }

    @Override
    public void close() {
        System.setOut(standardOutput);
        System.setErr(standardError);
    }
}
