package clickcounter.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// How much memory a JVM with a serial collector has allocated on its heap, as `jstat` tells.
final class HeapAllocation {
    private HeapAllocation() {}

    /// Bytes since the start of the JVM, exact to the size of a few objects per thread.
    static long bytes(long pid) throws IOException {
        Path jstat = Path.of(System.getProperty("java.home"), "bin", "jstat");
        Process asked = new ProcessBuilder(jstat.toString(), "-gc", Long.toString(pid))
                .redirectErrorStream(true)
                .start();
        List<String> lines;
        try (InputStream printed = asked.getInputStream()) {
            lines = new String(printed.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        List<String> names = List.of(lines.get(0).strip().split("\\s+", -1));
        String[] values = lines.get(1).strip().split("\\s+", -1);
        double edenKib = Double.parseDouble(values[names.indexOf("EC")]);
        double usedKib = Double.parseDouble(values[names.indexOf("EU")]);
        double collections = Double.parseDouble(values[names.indexOf("YGC")]);
        return (long) ((collections * edenKib + usedKib) * 1024);
    }
}
