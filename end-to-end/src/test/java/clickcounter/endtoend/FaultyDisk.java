package clickcounter.endtoend;

import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A disk that fails to keep what it is told to keep, as one process sees it. It needs a C compiler.
///
/// **Threads**: any.
final class FaultyDisk {
    private static final String SOURCE = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <stdlib.h>
            #include <unistd.h>

            static int call(const char *name, int file) {
                const char *fault = getenv("FAULTY_DISK");
                if (fault != NULL && access(fault, F_OK) == 0) {
                    errno = EIO;
                    return -1;
                }
                return ((int (*)(int)) dlsym(RTLD_NEXT, name))(file);
            }

            int fsync(int file) { return call("fsync", file); }
            int fdatasync(int file) { return call("fdatasync", file); }
            """;

    private final Path fault;
    private final Path library;

    private FaultyDisk(Path folder) throws IOException {
        fault = folder.resolve("disk-fails");
        library = folder.resolve("faulty-disk.so");
        Path source = folder.resolve("faulty-disk.c");
        Files.writeString(source, SOURCE);
        try {
            TestProcess.run(List.of("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-ldl"));
        } catch (AssertionError noCompiler) {
            // Then there is no library.
        }
    }

    /// @param folder for the library
    static FaultyDisk in(Path folder) throws IOException {
        return new FaultyDisk(folder);
    }

    boolean isPossible() {
        return Files.exists(library);
    }

    /// What a process needs that uses this disk.
    Map<String, String> environment() {
        return isPossible() ? Map.of("LD_PRELOAD", library.toString(), "FAULTY_DISK", fault.toString()) : Map.of();
    }

    /// Lets each `fsync` fail from now on.
    void fail() throws IOException {
        Files.createFile(fault);
    }

    void repair() throws IOException {
        Files.delete(fault);
    }
}
