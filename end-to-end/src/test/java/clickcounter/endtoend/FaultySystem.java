package clickcounter.endtoend;

import clickcounter.testing.TestProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Makes `fsync` fail and shifts the time of day for the processes that a test starts. They load a small library
/// before the system's own (`LD_PRELOAD`), which is compiled with the machine's C compiler.
///
/// **Threads**: any; one at a time changes the disk, and one the clock.
final class FaultySystem {
    private static final String SOURCE = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <fcntl.h>
            #include <stdlib.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <time.h>
            #include <unistd.h>

            static volatile long none = 0;
            static volatile long *shift_seconds = &none;

            __attribute__((constructor)) static void start(void) {
                const char *name = getenv("FAULTY_CLOCK");
                int file = name == NULL ? -1 : open(name, O_RDONLY);
                if (file >= 0) {
                    void *bytes = mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
                    if (bytes != MAP_FAILED) {
                        shift_seconds = bytes;
                    }
                    close(file);
                }
            }

            int clock_gettime(clockid_t clock, struct timespec *now) {
                long result = syscall(SYS_clock_gettime, clock, now);
                if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
                    now->tv_sec += *shift_seconds;
                }
                return (int) result;
            }

            static int keep(const char *name, int file) {
                const char *fault = getenv("FAULTY_DISK");
                if (fault != NULL && access(fault, F_OK) == 0) {
                    errno = EIO;
                    return -1;
                }
                return ((int (*)(int)) dlsym(RTLD_NEXT, name))(file);
            }

            int fsync(int file) { return keep("fsync", file); }
            int fdatasync(int file) { return keep("fdatasync", file); }
            """;

    private final Path diskFault;
    private final Path clockShift;
    private final Path library;

    private FaultySystem(Path folder) throws IOException {
        diskFault = folder.resolve("disk-fails");
        clockShift = folder.resolve("clock-shift");
        library = folder.resolve("faulty-system.so");
        setClock(Duration.ZERO);
        Path source = folder.resolve("faulty-system.c");
        Files.writeString(source, SOURCE);
        try {
            TestProcess.run(List.of("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString(), "-ldl"));
        } catch (AssertionError noCompiler) {
            // Then there is no library.
        }
    }

    /// @param folder for the library and what it reads
    static FaultySystem in(Path folder) throws IOException {
        return new FaultySystem(folder);
    }

    boolean isPossible() {
        return Files.exists(library);
    }

    /// What a process needs in its environment to go by this clock.
    Map<String, String> clock() {
        return isPossible()
                ? Map.of("LD_PRELOAD", library.toString(), "FAULTY_CLOCK", clockShift.toString())
                : Map.of();
    }

    /// What a process that goes by this clock needs to use this disk as well.
    Map<String, String> disk() {
        return Map.of("FAULTY_DISK", diskFault.toString());
    }

    /// Lets each `fsync` fail from now on.
    void failDisk() throws IOException {
        Files.createFile(diskFault);
    }

    void repairDisk() throws IOException {
        Files.delete(diskFault);
    }

    /// Sets the clock, ahead or back.
    void setClock(Duration wrongBy) throws IOException {
        try (var file = FileChannel.open(clockShift, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .putLong(wrongBy.toSeconds())
                    .flip());
        }
    }
}
