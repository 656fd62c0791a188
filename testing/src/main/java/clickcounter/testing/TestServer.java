package clickcounter.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/// The PostgreSQL server of this JVM: a container where a Docker engine answers, else binaries that Maven
/// brings along. Starts with the first use and ends with the JVM. It need not survive a power failure, so it
/// never waits for the disk.
record TestServer(String host, int port, String user, String password) {
    private static final String IMAGE = "postgres:18-alpine";

    /// The only server; a class is initialized once, so only one thread starts it.
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

    /// `TEST_DATABASE=embedded` is for a machine whose engine has no images, or has other work.
    private static boolean isEmbeddedWanted() {
        return "embedded".equals(System.getenv("TEST_DATABASE"));
    }

    /// Whether there is any sign of an engine. Testcontainers alone would take its time to find out that there
    /// is none, and print pages about it.
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

    /// Stops with the JVM by its own hook, and removes its files.
    @SuppressWarnings("resource")
    private static TestServer embedded() {
        try {
            EmbeddedPostgres server = EmbeddedPostgres.builder()
                    .setServerConfig("full_page_writes", "off")
                    .start();
            return new TestServer("127.0.0.1", server.getPort(), "postgres", "postgres");
        } catch (IOException failure) {
            throw new UncheckedIOException("The embedded PostgreSQL did not start.", failure);
        }
    }
}
