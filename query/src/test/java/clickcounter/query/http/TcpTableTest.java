package clickcounter.query.http;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@EnabledOnOs(OS.LINUX)
class TcpTableTest {
    /// A socket for both families has an IPv6 address that stands for the IPv4 address of its client.
    @ParameterizedTest
    @CsvSource({"INET, 127.0.0.1", "INET6, 127.0.0.1", "INET6, ::1"})
    void showsClientsThatHaveNotClosedTheirSide(StandardProtocolFamily family, String address) throws IOException {
        try (var server = ServerSocketChannel.open(family)
                        .bind(family == StandardProtocolFamily.INET ? new InetSocketAddress("0.0.0.0", 0) : null);
                var client = connect(server, address);
                var _ = server.accept();
                var leaving = connect(server, address);
                var _ = server.accept()) {
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            assertThat(clientsOf(port)).contains(at(client), at(leaving));

            leaving.shutdownOutput();

            Await.until("it has left", () -> !clientsOf(port).contains(at(leaving)));
            assertThat(clientsOf(port)).containsExactly(at(client));
        }
    }

    @Test
    void knowsNothingOfAPortThatIsNotListeningAnyMore() throws IOException {
        int port;
        try (var server = ServerSocketChannel.open().bind(null)) {
            port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        }

        assertThat(TcpTable.clientsOf(port)).isNull();
    }

    private static SocketChannel connect(ServerSocketChannel server, String address) throws IOException {
        int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        return SocketChannel.open(new InetSocketAddress(InetAddress.getByName(address), port));
    }

    private static Set<InetSocketAddress> clientsOf(int port) {
        return Objects.requireNonNull(TcpTable.clientsOf(port));
    }

    private static InetSocketAddress at(SocketChannel client) throws IOException {
        return (InetSocketAddress) client.getLocalAddress();
    }
}
