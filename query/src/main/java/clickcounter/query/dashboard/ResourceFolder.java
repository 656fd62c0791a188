package clickcounter.query.dashboard;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Reads a folder of the class path, which may be in a jar or in a directory.
final class ResourceFolder {
    private ResourceFolder() {}

    /// Returns the content of all files in the folder and its subfolders, by their path within it.
    static SortedMap<String, byte[]> read(String folder) {
        URL url = Objects.requireNonNull(ResourceFolder.class.getResource(folder), folder);
        try {
            URI uri = url.toURI();
            if (!uri.getScheme().equals("jar")) {
                return files(Path.of(uri));
            }
            try (FileSystem jar = FileSystems.newFileSystem(uri, Map.of())) {
                return files(jar.getPath(folder));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (URISyntaxException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static SortedMap<String, byte[]> files(Path folder) throws IOException {
        List<Path> paths;
        try (Stream<Path> all = Files.walk(folder)) {
            paths = all.filter(Files::isRegularFile).toList();
        }
        SortedMap<String, byte[]> files = new TreeMap<>();
        for (Path path : paths) {
            files.put(folder.relativize(path).toString(), Files.readAllBytes(path));
        }
        return files;
    }
}
