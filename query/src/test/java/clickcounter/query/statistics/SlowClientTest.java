package clickcounter.query.statistics;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.http.ClientWatch;
import clickcounter.query.http.JsonBody;
import clickcounter.shared.Setting;
import clickcounter.shared.SettingsReader;
import clickcounter.shared.http.HttpListener;
import clickcounter.shared.http.HttpSettings;
import clickcounter.shared.http.RefusalReport;
import io.helidon.webserver.http.HttpRouting;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A client that asks for much and then reads nothing.
@Timeout(60)
class SlowClientTest {
    private static final Duration MAX_SEND = Duration.ofMillis(500);

    /// A year by minute, more than all buffers take.
    private static final String QUESTION = "GET /v1/banners/stats/7?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z"
            + "&fill=zero HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private static final int MIN_ANSWER_BYTES = 20 << 20;

    @Test
    void cutsOffAClientThatDoesNotTakeALongAnswer(@TempDir Path folder) throws SQLException, IOException {
        var settings = HttpSettings.read(
                new SettingsReader(Map.of("QUERY_PORT", "0")), Setting.QUERY_ADDRESS, Setting.QUERY_PORT);
        try (var parts = QueryParts.open(folder, 100);
                var refusals = RefusalReport.start("questions", parts.lifetime);
                var clients = ClientWatch.start(parts.lifetime)) {
            var statistics =
                    new Statistics(parts.counts, parts.tail, 1_000_000, Duration.ofSeconds(5), InstantSource.system());
            HttpRouting.Builder routing = HttpRouting.builder();
            new StatisticsHandler(statistics, QueryParts.POOL_SIZE, MAX_SEND, refusals, clients).setup(routing);
            try (HttpListener listener =
                            HttpListener.start(settings, routing, JsonBody.mediaContext(), new PrometheusRegistry());
                    var slow = new Socket()) {
                slow.setReceiveBufferSize(4_096);
                slow.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.port()));
                slow.getOutputStream().write(QUESTION.getBytes(US_ASCII));
                assertThat(slow.getInputStream().read()).isEqualTo('H');
                LockSupport.parkNanos(MAX_SEND.multipliedBy(4).toNanos());

                assertThat(restOf(slow)).isLessThan(MIN_ANSWER_BYTES);
            }
        }
    }

    private static long restOf(Socket socket) throws IOException {
        long bytes = 0;
        try {
            byte[] buffer = new byte[64 << 10];
            for (int length = socket.getInputStream().read(buffer); length >= 0; ) {
                bytes += length;
                length = socket.getInputStream().read(buffer);
            }
        } catch (SocketException reset) {
            // The server has closed the connection, as it should.
        }
        return bytes;
    }
}
