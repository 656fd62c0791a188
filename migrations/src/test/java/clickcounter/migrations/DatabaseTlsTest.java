package clickcounter.migrations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.StartFailure;
import clickcounter.testing.TestDatabase;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `sslmode` in `DATABASE_URL`, against a PostgreSQL whose certificate is for `localhost` alone.
final class DatabaseTlsTest {
    private static final String PASSWORD = "not-a-secret";

    @TempDir
    private static Path folder;

    private static EmbeddedPostgres server;

    @BeforeAll
    static void startServer() throws IOException, GeneralSecurityException, InterruptedException {
        makeAuthority("ca");
        makeAuthority("stranger");
        makeServerCertificate();
        server = EmbeddedPostgres.builder()
                .setServerConfig("ssl", "on")
                .setServerConfig("ssl_cert_file", folder.resolve("server.pem").toString())
                .setServerConfig("ssl_key_file", folder.resolve("server.key").toString())
                .start();
        new Schema(settings("localhost", "require")).up();
    }

    @AfterAll
    static void stopServer() throws IOException {
        server.close();
    }

    @Test
    void connectsWhenTheAuthorityAndTheHostAreRight() throws SQLException {
        assertThat(isEncrypted("localhost", "verify-full&sslrootcert=" + folder.resolve("ca.pem")))
                .isTrue();
    }

    @Test
    void refusesACertificateOfAnotherAuthority() {
        assertThatThrownBy(() -> isEncrypted("localhost", "verify-full&sslrootcert=" + folder.resolve("stranger.pem")))
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith(
                        "The database localhost:%d/postgres cannot be used: TLS failed (".formatted(server.getPort()))
                .hasMessageEndingWith("). Check sslmode and sslrootcert in DATABASE_URL.");
    }

    @Test
    void refusesACertificateForAnotherHost() throws SQLException {
        String authority = "&sslrootcert=" + folder.resolve("ca.pem");
        assertThatThrownBy(() -> isEncrypted("127.0.0.1", "verify-full" + authority))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        "The database 127.0.0.1:%d/postgres cannot be used: the server's certificate is for another name. Correct the name in DATABASE_URL, or the certificate."
                                .formatted(server.getPort()));
        assertThat(isEncrypted("127.0.0.1", "verify-ca" + authority)).isTrue();
    }

    @Test
    void encryptsWithoutLookingAtTheCertificateWhenOnlyThatIsAskedFor() throws SQLException {
        assertThat(isEncrypted("localhost", "require")).isTrue();
        assertThat(isEncrypted("localhost", "disable")).isFalse();
    }

    @Test
    void refusesAServerWithoutTls() {
        try (var plain = TestDatabase.create()) {
            assertThatThrownBy(() ->
                            Database.connect(DatabaseSettings.of(plain.url() + "?sslmode=require"), "some-process", 1))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("SSL")
                    .hasMessageEndingWith("Correct DATABASE_URL.");
        }
    }

    private static DatabaseSettings settings(String host, String sslMode) {
        return DatabaseSettings.of(
                "postgres://postgres:postgres@%s:%d/postgres?sslmode=%s".formatted(host, server.getPort(), sslMode));
    }

    private static boolean isEncrypted(String host, String sslMode) throws SQLException {
        try (var database = Database.connect(settings(host, sslMode), "some-process", 1);
                var connection = database.connection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("select ssl from pg_stat_ssl where pid = pg_backend_pid()")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private static void makeAuthority(String name) throws IOException, InterruptedException {
        keytool(
                "-genkeypair",
                "-keystore",
                name + ".p12",
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-ext",
                "bc=ca:true");
        keytool("-exportcert", "-keystore", name + ".p12", "-alias", name, "-rfc", "-file", name + ".pem");
    }

    private static void makeServerCertificate() throws IOException, GeneralSecurityException, InterruptedException {
        keytool("-genkeypair", "-keystore", "server.p12", "-alias", "server", "-dname", "CN=localhost");
        keytool("-certreq", "-keystore", "server.p12", "-alias", "server", "-file", "server.csr");
        keytool(
                "-gencert",
                "-keystore",
                "ca.p12",
                "-alias",
                "ca",
                "-infile",
                "server.csr",
                "-ext",
                "san=dns:localhost",
                "-rfc",
                "-outfile",
                "server.pem");
        var store = KeyStore.getInstance(folder.resolve("server.p12").toFile(), PASSWORD.toCharArray());
        byte[] key = store.getKey("server", PASSWORD.toCharArray()).getEncoded();
        Path file = Files.createFile(
                folder.resolve("server.key"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(
                file,
                "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n"
                        .formatted(Base64.getMimeEncoder().encodeToString(key)));
    }

    private static void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", PASSWORD));
        if (List.of(arguments).contains("-genkeypair")) {
            command.addAll(List.of("-keyalg", "EC", "-validity", "2"));
        }
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(process.waitFor())
                .as(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isZero();
    }
}
