package clickcounter.ingest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The Unix socket on which Helidon listens inside a process. Its name tells the process, because several of them
/// may use one folder.
///
/// @param folder where it should be
record InsideSocket(Path path, Path folder) implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("helidon-(\\d{1,18})-.*");

    /// Chooses a path for a new socket in the folder, and deletes the sockets that killed processes have left there.
    /// If the system does not allow a path as long as that, the socket is in the folder for temporary files.
    static InsideSocket in(Path folder) throws IOException {
        Files.createDirectories(folder);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Matcher name = NAME.matcher(file.getFileName().toString());
                if (name.matches()
                        && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
                    Files.deleteIfExists(file);
                }
            }
        }
        String name = "helidon-%d-%s".formatted(ProcessHandle.current().pid(), Long.toString(System.nanoTime(), 36));
        boolean isShort = folder.resolve(name).toString().length() <= PublicPort.MAX_SOCKET_PATH_LENGTH;
        Path parent = isShort ? folder : Files.createTempDirectory("click-counter");
        return new InsideSocket(parent.resolve(name), folder);
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(path);
        if (!path.startsWith(folder)) {
            Files.deleteIfExists(path.getParent());
        }
    }
}
