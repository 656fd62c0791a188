package clickcounter.ingest;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import clickcounter.shared.StartFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Ingest can listen on a Unix domain socket, too, and on a port that it shares with other processes.
@Timeout(60)
class SocketTest {
    private static final int CONNECTIONS = 64;

    private final Path folder;
    private final Path socket;

    SocketTest(@TempDir Path folder) {
        this.folder = folder;
        socket = folder.resolve("run/ingest.sock");
    }

    @Test
    void answersOnItsSocketAndOnItsPort() throws IOException {
        try (RunningIngest ingest = RunningIngest.start(folder, "INGEST_SOCKET", socket)) {
            assertThat(click(socket, 1)).startsWith("HTTP/1.1 204 No Content\r\n");
            assertThat(ingest.connect().click(2)).isEqualTo(204);
            assertThat(click(socket, 0)).startsWith("HTTP/1.1 400 ").contains("application/problem+json");
            assertThat(ingest.newClicks()).containsExactly(1L, 2L);
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void letsAProxyOfAnotherUserConnect() throws IOException {
        try (RunningIngest _ = RunningIngest.start(folder, "INGEST_SOCKET", socket)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-rw-rw-");
        }
    }

    @Test
    void replacesTheSocketThatAKilledProcessHasLeftBehind() throws IOException {
        Files.createDirectories(socket.getParent());
        try (var killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();

        try (RunningIngest ingest = RunningIngest.start(folder, "INGEST_SOCKET", socket)) {
            assertThat(click(socket, 1)).startsWith("HTTP/1.1 204");
            assertThat(ingest.newClicks()).containsExactly(1L);
        }
    }

    @Test
    void saysWhichSocketItCannotListenOn() throws IOException {
        Files.createDirectories(socket.resolve("in the way"));

        assertThatThrownBy(() -> RunningIngest.start(folder, "INGEST_SOCKET", socket))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("Cannot listen on the socket %s", socket)
                .hasMessageContaining("set INGEST_SOCKET to another path");
    }

    @Test
    void saysWhenThePathOfTheSocketIsTooLongForTheSystem() {
        Path tooLong = folder.resolve("x".repeat(120));

        assertThatThrownBy(() -> RunningIngest.start(folder, "INGEST_SOCKET", tooLong))
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining("Cannot listen on the socket %s", tooLong)
                .hasMessageContaining("too long");
    }

    @Test
    void refusesASocketThatAnotherProcessListensOn() throws IOException {
        try (RunningIngest first = RunningIngest.start(folder, "INGEST_SOCKET", socket)) {
            assertThatThrownBy(() -> RunningIngest.start(folder, "INGEST_SOCKET", socket))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("Cannot listen on the socket %s: another process does", socket);
            assertThat(click(socket, 1)).startsWith("HTTP/1.1 204");
            assertThat(first.newClicks()).containsExactly(1L);
        }
    }

    /// Each of them relays to its own Helidon, also after another one in the same folder has ended.
    @Test
    void severalProcessesOfOneFolderRelayToTheirOwnServer() throws IOException {
        Path longName = folder.resolve("a".repeat(90));
        for (Path dataFolder : List.of(folder, longName)) {
            try (RunningIngest first = RunningIngest.start(dataFolder)) {
                RunningIngest.start(dataFolder).close();
                try (var connection = first.connect()) {
                    assertThat(connection
                                    .request("PUT /v1/banners/counter/1")
                                    .answer()
                                    .status())
                            .isEqualTo(405);
                }
            }
        }
        assertThat(folder.resolve("run")).isEmptyDirectory();
    }

    @Test
    void numbersTheSocketsOfSeveralProcesses() {
        var settings = RunningIngest.reader(folder, "INGEST_SOCKET", socket, "INGEST_PROCESSES", 3);

        assertThat(IngestSettings.read(settings, 1).http().socket()).isEqualTo(socket);
        assertThat(IngestSettings.read(settings, 3).http().socket()).isEqualTo(socket.resolveSibling("ingest.sock-3"));
    }

    @Test
    void severalProcessesShareOnePortAndOneLog() {
        try (RunningIngest first = RunningIngest.start(folder, "INGEST_PROCESSES", 2);
                RunningIngest second =
                        RunningIngest.start(folder, "INGEST_PROCESSES", 2, "SERVICE_PORT", first.port())) {
            assertThat(second.port()).isEqualTo(first.port());
            var connections = new ArrayList<HttpConnection>();
            for (int bannerId = 1; bannerId <= CONNECTIONS; bannerId++) {
                connections.add(first.connect());
                assertThat(isAnswered(connections.getLast(), bannerId)).isTrue();
            }
            assertThat(first.newClicks())
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, CONNECTIONS).boxed().toList());

            // The system distributes them by a hash of both ends; that all reach one process is 1 case in 2^63.
            first.stop();
            connections.removeIf(connection -> !isAnswered(connection, CONNECTIONS + 1));
            assertThat(connections).hasSizeBetween(1, CONNECTIONS - 1);
            connections.forEach(HttpConnection::close);
        }
    }

    @Test
    void aSecondProcessIsRefusedThePortWhenItIsNotToBeShared() {
        try (RunningIngest first = RunningIngest.start(folder)) {
            assertThatThrownBy(() -> RunningIngest.start(folder, "SERVICE_PORT", first.port()))
                    .isInstanceOf(StartFailure.class)
                    .hasMessageContaining("Cannot listen on port %d of 127.0.0.1", first.port());
        }
    }

    private static boolean isAnswered(HttpConnection connection, long bannerId) {
        try {
            return connection.click(bannerId) == 204;
        } catch (UncheckedIOException closed) {
            return false;
        }
    }

    /// Sends a click. Returns the answer, at least to the end of its headers.
    private static String click(Path socket, long bannerId) throws IOException {
        try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            channel.write(ByteBuffer.wrap("GET /v1/banners/counter/%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    .formatted(bannerId)
                    .getBytes(US_ASCII)));
            var answer = ByteBuffer.allocate(4_096);
            String text = "";
            while (!text.contains("\r\n\r\n") && channel.read(answer) >= 0) {
                text = new String(answer.array(), 0, answer.position(), US_ASCII);
            }
            return text;
        }
    }
}
