package clickcounter.endtoend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// A time of day for processes that can be set while they run, as an operator or a broken time server sets
/// it. It needs libfaketime (the package `faketime`).
///
/// **Threads**: any; one at a time sets it.
final class FakeClock {
    /// Whether the clock is set in chaos runs. Processes must hold back such steps, or clicks are in other
    /// minutes.
    static final boolean IS_WANTED = Boolean.getBoolean("chaos.clocks");

    private final Path shift;
    private final Optional<Path> library;

    private FakeClock(Path folder) throws IOException {
        shift = folder.resolve("clock-shift");
        library = library();
        set("+0");
    }

    /// @param folder for the file that says how wrong the clock is
    static FakeClock in(Path folder) throws IOException {
        return new FakeClock(folder);
    }

    private static Optional<Path> library() throws IOException {
        try (Stream<Path> files =
                Files.find(Path.of("/usr/lib"), 3, (file, _) -> file.endsWith("faketime/libfaketimeMT.so.1"))) {
            return files.findFirst();
        }
    }

    boolean isPossible() {
        return library.isPresent();
    }

    /// What a process needs that goes by this clock.
    Map<String, String> environment() {
        return !IS_WANTED || library.isEmpty()
                ? Map.of()
                : Map.of(
                        "LD_PRELOAD", library.get().toString(),
                        "FAKETIME_TIMESTAMP_FILE", shift.toString(),
                        "FAKETIME_NO_CACHE", "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC", "1",
                        "FAKETIME_DISABLE_SHM", "1");
    }

    /// Sets the clock.
    ///
    /// @param wrongBy such as `+3m` or `-10y`; `+0` sets it right
    void set(String wrongBy) throws IOException {
        Path unfinished = shift.resolveSibling(shift.getFileName() + ".new");
        Files.writeString(unfinished, wrongBy + "\n");
        Files.move(unfinished, shift, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
