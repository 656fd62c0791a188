package clickcounter.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.util.ArchUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/// The PostgreSQL server of this JVM: a container if a Docker engine answers, otherwise the binaries that Maven
/// downloads. It starts with its first use and ends with the JVM. It need not survive a power failure, so it
/// never waits for the disk.
record TestServer(String host, int port, String user, String password) {
    private static final String IMAGE = "postgres:18-alpine";

    /// Holds the only server. A class is initialized once, so only one thread starts the server.
    private static final class Holder {
        private static final TestServer SERVER = start();
    }

    static TestServer get() {
        return Holder.SERVER;
    }

    private static TestServer start() {
        boolean docker = !isEmbeddedWanted()
                && mayHaveDocker()
                && DockerClientFactory.instance().isDockerAvailable();
        System.err.println(
                "Tests use " + (docker ? "PostgreSQL in a container (" + IMAGE + ")." : "the embedded PostgreSQL."));
        return docker ? container() : embedded();
    }

    /// Whether `TEST_DATABASE=embedded` forbids containers, for a machine whose Docker engine has no images or
    /// other work.
    private static boolean isEmbeddedWanted() {
        return "embedded".equals(System.getenv("TEST_DATABASE"));
    }

    /// Whether there is any sign of a Docker engine. Testcontainers would need a long time to find out that there
    /// is none, and would print pages about it.
    private static boolean mayHaveDocker() {
        String home = System.getProperty("user.home");
        String runtime = System.getenv().getOrDefault("XDG_RUNTIME_DIR", "/run/user");
        return System.getenv("DOCKER_HOST") != null
                || Stream.of(
                                "/var/run/docker.sock",
                                runtime + "/docker.sock",
                                home + "/.docker/run/docker.sock",
                                home + "/.docker/desktop/docker.sock")
                        .anyMatch(path -> Files.exists(Path.of(path)));
    }

    /// Testcontainers removes the container when the JVM has ended.
    @SuppressWarnings("resource")
    private static TestServer container() {
        var container = new PostgreSQLContainer(IMAGE)
                .withCommand(
                        "postgres", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "max_connections=300");
        container.start();
        return new TestServer(
                container.getHost(),
                container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT),
                container.getUsername(),
                container.getPassword());
    }

    /// The server stops with the JVM by a hook of its own, and removes its files.
    @SuppressWarnings("resource")
    private static TestServer embedded() {
        try {
            EmbeddedPostgres server = EmbeddedPostgres.builder()
                    .setServerConfig("full_page_writes", "off")
                    .setPgBinaryResolver(TestServer::binaries)
                    .start();
            return new TestServer("127.0.0.1", server.getPort(), "postgres", "postgres");
        } catch (IOException failure) {
            throw new UncheckedIOException("The embedded PostgreSQL did not start.", failure);
        }
    }

    /// The archive with the binaries. The class path may have it twice, by Maven and by the manifest of our jar
    /// that brings it along, which the library's own resolver refuses.
    private static InputStream binaries(String system, String machine) throws IOException {
        for (String architecture : List.of(ArchUtils.normalize(machine), "x86_64")) {
            String archive = "/postgres-%s-%s.txz".formatted(system.toLowerCase(Locale.ROOT), architecture);
            InputStream found = TestServer.class.getResourceAsStream(archive);
            if (found != null) {
                return found;
            }
        }
        throw new IOException("There are no PostgreSQL binaries for %s on %s.".formatted(system, machine));
    }
}
