package clickcounter.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// The files of tests and benchmarks.
public final class TestFiles {
    private TestFiles() {}

    /// Deletes a file, or a folder with all that is in it, if it is there.
    public static void delete(Path fileOrFolder) {
        if (!Files.exists(fileOrFolder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(fileOrFolder)) {
            for (Path file : files.toList().reversed()) {
                Files.delete(file);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
