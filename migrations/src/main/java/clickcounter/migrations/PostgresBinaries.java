package clickcounter.migrations;

import clickcounter.shared.StartFailure;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/// The programs of PostgreSQL, unpacked into a folder from an archive on the class path.
///
/// @param home the folder with `bin`, `lib` and `share`
record PostgresBinaries(Path home) {
    private static final int ANY_EXECUTABLE = 0b001_001_001;
    private static final Set<PosixFilePermission> PROGRAM = PosixFilePermissions.fromString("rwxr-x---");

    /// Unpacks the programs below `folder`, unless this release is there already.
    ///
    /// **Threads**: one process at a time for each folder.
    static PostgresBinaries unpack(Path folder) throws IOException {
        URL archive = archive();
        Path home = folder.resolve(release(archive));
        if (Files.notExists(home)) {
            Path unfinished = folder.resolve("unfinished");
            deleteTree(unfinished);
            Files.createDirectories(unfinished);
            try (InputStream in = archive.openStream()) {
                unpack(in, unfinished);
            }
            Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
        }
        return new PostgresBinaries(home);
    }

    /// Runs a program to its end. A server that it starts has a lower priority than ingest: what comes after the
    /// log can wait for a moment, a browser cannot.
    ///
    /// **Errors**: [ProgramFailure] with what it printed when its exit code is not 0.
    void run(String program, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of("nice", "-n", "5"));
        if (System.getProperty("user.name").equals("root")) {
            // PostgreSQL refuses to run as root. In a user namespace of its own, it does not see that it is
            // root.
            command.addAll(List.of("unshare", "--user"));
        }
        command.add(home.resolve("bin").resolve(program).toString());
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("PG")); // such as PGPORT
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.onExit().join().exitValue() != 0) {
            if (output.startsWith("unshare:")) {
                throw new StartFailure("""
                        PostgreSQL refuses to run as root, and this system does not let root hide that (%s). \
                        Start the embedded database as another user, or set DATABASE_URL.\
                        """.formatted(output.strip()));
            }
            throw new ProgramFailure(program, output.strip());
        }
    }

    /// A program of PostgreSQL has failed; the message is what it printed.
    static final class ProgramFailure extends IOException {
        private static final long serialVersionUID = 1L;

        ProgramFailure(String program, String output) {
            super(program + ": " + output);
        }
    }

    /// Deletes a folder with everything in it, if there is one.
    static void deleteTree(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static URL archive() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String architecture = System.getProperty("os.arch");
        String name = "/postgres-%s-%s.txz"
                .formatted(
                        system,
                        switch (architecture) {
                            case "amd64" -> "x86_64";
                            case "aarch64" -> "arm_64";
                            default -> architecture;
                        });
        URL archive = PostgresBinaries.class.getResource(name);
        if (archive == null) {
            throw new StartFailure("There is no embedded PostgreSQL for %s on %s: set DATABASE_URL."
                    .formatted(System.getProperty("os.name"), architecture));
        }
        return archive;
    }

    /// The release of PostgreSQL, which is in the name of the archive's jar.
    private static String release(URL archive) throws IOException {
        String jar =
                ((JarURLConnection) archive.openConnection()).getJarFileURL().getPath();
        return jar.substring(jar.lastIndexOf('/') + 1).replaceAll("^.*-(\\d[\\d.]*)\\.jar$", "$1");
    }

    private static void unpack(InputStream archive, Path folder) throws IOException {
        try (var tar = new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(archive)))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = folder.resolve(entry.getName());
                if (entry.isDirectory()) {
                    Files.createDirectories(path);
                    continue;
                }
                Files.createDirectories(Objects.requireNonNull(path.getParent()));
                if (entry.isSymbolicLink()) {
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                    continue;
                }
                Files.copy(tar, path);
                if ((entry.getMode() & ANY_EXECUTABLE) != 0) {
                    Files.setPosixFilePermissions(path, PROGRAM);
                }
            }
        }
    }
}
