package clickcounter.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.shared.Program;
import clickcounter.testing.Await;
import clickcounter.testing.Ports;
import clickcounter.testing.ProcessUsage;
import clickcounter.testing.Service;
import clickcounter.testing.TestDatabase;
import clickcounter.testing.TestProcess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Clients that are malicious or broken: the clicks of the others are still taken and counted exactly.
@SuppressWarnings("StringConcatToTextBlock") // text blocks hide the CR and LF that matter here
final class HostileClientsTest {
    private static final int CONNECTIONS = 32;
    private static final int BANNERS = 200;
    private static final int CLICKS_PER_SECOND = 2_000;
    private static final int IDLE_CONNECTIONS = 3_000;
    private static final int SLOW_SENDERS = 300;
    private static final int FEW_FILES = 400;
    private static final int ENDLESS_SENDERS = 8;
    private static final int ENDLESS_BYTES = 16 << 10;
    private static final int STALLED_SENDERS = 2_000;

    /// How often the endless senders may send: 16 MB each.
    private static final int MAX_ROUNDS = 1_000;

    /// The heap (384 MiB) and what a JVM needs beside it.
    private static final long MAX_INGEST_BYTES = 640L << 20;

    private static final Duration FUZZING = Duration.ofSeconds(6);
    private static final int FUZZERS = 48;
    private static final int MAX_ANSWER_MS = 60;
    private static final int OWN_CLICKS = 500;

    /// A fuzzed request may still be a click, but no mutation of the requests below makes it a click on this
    /// banner.
    private static final long OWN_BANNER = 4_815_162_342_000_000_001L;

    /// Statuses from 500 on that are no fault of the server: 501 and 505 refuse a transfer encoding and a version
    /// of HTTP that it does not support (RFC 9110, 15.6), 503 asks to try again.
    private static final Set<Integer> NO_FAULTS = Set.of(501, 503, 505);

    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3})");

    private static final List<String> REQUESTS = List.of(
            "GET /v1/banners/counter/77000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "HEAD /v1/banners/counter/77000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "POST /v1/banners/counter/77000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nseen",
            "POST /v1/banners/counter/77000 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nseen\r\n0\r\n\r\n",
            "POST /v1/banners/counter/77000 HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nseen",
            "GET /v1/healthcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "POST /v1/banners/stats/77000 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 62\r\n\r\n"
                    + "{\"from\": \"2024-01-01T00:00:00Z\", \"to\": \"2024-01-02T00:00:00Z\"}",
            "POST /v1/banners/stats/77000 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n3e\r\n"
                    + "{\"from\": \"2024-01-01T00:00:00Z\", \"to\": \"2024-01-02T00:00:00Z\"}\r\n0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /v1/banners/%63ounter/77000?a=b&c=%zz#d HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n"
                    + "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    /// Pieces of text that parsers stumble over.
    private static final List<String> PIECES = List.of(
            "\0",
            "\r",
            "\n",
            "\r\n",
            "\r\n\r\n",
            " ",
            "\t",
            ":",
            "/",
            "//",
            "..",
            "?",
            "#",
            "%",
            "%00",
            "%zz",
            "%ff",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            ",",
            "é",
            "\u00ff",
            "-1",
            "0",
            "9223372036854775808",
            "99999999999999999999",
            "1e9",
            "Content-Length: 5\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: x\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip\r\n",
            "Host: a\r\n",
            "Host: \r\n",
            "Expect: 100-continue\r\n",
            "Expect: x\r\n",
            "Content-Type: \r\n",
            "Content-Type: a/b;c\r\n",
            "Accept: /\r\n",
            "Connection: close\r\n",
            "HTTP/1.0",
            "HTTP/9.9",
            "fffffffff\r\n",
            "ffffffff\r\n",
            "80000000\r\n",
            "-1\r\n",
            "4;a=b\r\n",
            "null",
            "+999999999-01-01T00:00:00Z",
            "2024-02-30T00:00:00Z",
            "a".repeat(3_000),
            "X: " + "b".repeat(9_000) + "\r\n");

    private final long seed = new Random().nextInt(1_000_000);

    @TempDir
    Path folder;

    HostileClientsTest() {
        System.out.println("seed " + seed);
    }

    @Test
    void idleConnectionsAndSlowSendersDoNotStopTheOthers() throws IOException {
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of());
                var idle = new Crowd();
                var slow = new Crowd()) {
            for (int port : List.of(service.port(), service.queryPort())) {
                idle.connect(port, IDLE_CONNECTIONS);
                slow.connect(port, SLOW_SENDERS);
            }
            var sent = new SentClicks();
            slow.send("POST /v1/banners/counter/77000 HTTP/1.1\r\nHost: local");
            try (ClickLoad load =
                    ClickLoad.start(service.port(), CONNECTIONS, BANNERS, CLICKS_PER_SECOND, seed, sent)) {
                Await.until("clicks are taken", () -> sent.acknowledgedClicks() > CLICKS_PER_SECOND);
                for (char character : "host\r\nContent-Length: 30\r\n\r\nslowly, very slowly".toCharArray()) {
                    slow.sendWhereOpen(Character.toString(character));
                    LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
                    assertThat(service.totalClicks(1)).isPositive();
                }
                load.end();
                assertThat(sent.unansweredClicks()).isZero();
                assertThat(sent.refusedClicks()).isZero();
                sent.verify(service);
            }
            assertThat(service.statistics(77_000))
                    .as("a click whose body never came")
                    .isEmpty();
            assertNoStackTraces(service);
            service.stop();
        }
    }

    /// One client takes all connections and more; another one still gets in, on a connection that it uses.
    @Test
    void moreConnectionsThanFilesDoNotCloseThePortForGood() throws IOException {
        int port = Ports.free();
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            TestProcess poor = service.launch(
                            "ingest-of-few-files",
                            Program.INGEST,
                            Map.of("SERVICE_PORT", Integer.toString(port)),
                            "prlimit",
                            "--nofile=" + FEW_FILES)
                    .awaitReady();
            try (var crowd = new Crowd()) {
                crowd.connect(port, 2 * FEW_FILES);
                try (var late = new ClickClient(port)) {
                    for (int click = 0; click < 100; click++) {
                        assertThat(late.click(OWN_BANNER)).isEqualTo(204);
                    }
                }
            }
            for (int click = 0; click < 100; click++) {
                assertThat(click(port)).isEqualTo(204);
            }
            assertThat(service.totalClicks(OWN_BANNER)).isEqualTo(200);
            assertThat(poor.isAlive()).isTrue();
            assertNoStackTraces(service);
            service.stop();
        }
    }

    /// The size of a chunk that has no end, and bodies that stop before their end, may fill no memory: neither that of
    /// ingest nor that of Helidon behind it.
    @Test
    void requestsWithoutAnEndFillNoMemory() throws IOException {
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of("INGEST_ADMIN_PORT", "0"));
                var endless = new Crowd();
                var stalled = new Crowd();
                var other = new ClickClient(service.port())) {
            endless.connect(service.port(), ENDLESS_SENDERS);
            endless.send("POST /v1/banners/counter/77000 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            int rounds = 0;
            while (endless.sendWhereOpen("0".repeat(ENDLESS_BYTES)) > 0 && rounds < MAX_ROUNDS) {
                rounds++;
                assertThat(other.click(OWN_BANNER)).isEqualTo(204);
            }
            assertThat(rounds).as("rounds of %d bytes", ENDLESS_BYTES).isLessThan(MAX_ROUNDS);

            stalled.connect(service.port(), STALLED_SENDERS);
            stalled.sendWhereOpen("POST /v1/banners/stats/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    + "Content-Length: 65536\r\n\r\n" + " ".repeat(65_000));
            for (int click = 0; click < 100; click++) {
                assertThat(other.click(OWN_BANNER)).isEqualTo(204);
            }
            assertThat(service.totalClicks(OWN_BANNER)).isEqualTo(rounds + 100L);
            assertThat(service.statistics(77_000)).isEmpty();
            assertThat(new ProcessUsage(List.of(service.ingest().pid())).ownBytes())
                    .isLessThan(MAX_INGEST_BYTES);
            assertNoStackTraces(service);
            service.stop();
        }
    }

    @Test
    void anyBytesAreAnsweredWithoutAnErrorOfTheServerAndCountsStayExact() throws IOException {
        try (TestDatabase database = MigratedDatabase.create();
                Service service = Service.start(folder, database.url(), Map.of())) {
            Map<Integer, Integer> answers = new TreeMap<>();
            Queue<String> faults = new ConcurrentLinkedQueue<>();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<Map<Integer, Integer>>> fuzzers = new ArrayList<>();
                for (int fuzzer = 0; fuzzer < FUZZERS; fuzzer++) {
                    int port = fuzzer % 2 == 0 ? service.port() : service.queryPort();
                    var random = new Random(seed + fuzzer);
                    fuzzers.add(threads.submit(() -> fuzz(port, random, faults)));
                }
                try (var connection = new ClickClient(service.port())) {
                    for (int clicks = 1; clicks <= OWN_CLICKS; clicks++) {
                        assertThat(connection.click(OWN_BANNER)).isEqualTo(204);
                        assertThat(service.totalClicks(OWN_BANNER)).isEqualTo(clicks);
                    }
                }
                for (Future<Map<Integer, Integer>> fuzzer : fuzzers) {
                    fuzzer.get().forEach((status, count) -> answers.merge(status, count, Integer::sum));
                }
            } catch (InterruptedException | ExecutionException failure) {
                throw new AssertionError("A fuzzer failed, seed " + seed, failure);
            }
            assertThat(faults)
                    .as("requests that made the server fail, seed %d", seed)
                    .isEmpty();
            assertThat(answers).containsKeys(200, 204, 400);
            assertNoStackTraces(service);
            service.stop();
            service.restart();
            assertThat(service.totalClicks(OWN_BANNER)).isEqualTo(OWN_CLICKS);
        }
    }

    private static int click(int port) {
        try (var connection = new ClickClient(port)) {
            return connection.click(OWN_BANNER);
        } catch (IOException nobody) {
            return -1;
        }
    }

    private void assertNoStackTraces(Service service) {
        for (TestProcess process : service.processes()) {
            assertThat(process.output())
                    .as("output of %s, seed %d", process.name(), seed)
                    .doesNotContain("\tat ");
        }
    }

    /// Sends mutated requests for a while; returns how often each status was answered.
    private static Map<Integer, Integer> fuzz(int port, Random random, Queue<String> faults) {
        Map<Integer, Integer> answers = new TreeMap<>();
        long endNs = System.nanoTime() + FUZZING.toNanos();
        while (System.nanoTime() < endNs) {
            byte[] bytes = random.nextInt(20) == 0 ? noise(random) : mutated(random);
            Matcher statuses = STATUS.matcher(exchange(port, bytes));
            while (statuses.find()) {
                int status = Integer.parseInt(statuses.group(1));
                answers.merge(status, 1, Integer::sum);
                if (status >= 500 && !NO_FAULTS.contains(status)) {
                    faults.add("%d for: %s".formatted(status, new String(bytes, ISO_8859_1)));
                }
            }
        }
        return answers;
    }

    private static byte[] noise(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(500)];
        random.nextBytes(bytes);
        return bytes;
    }

    /// One or two requests with some bytes changed, missing or doubled.
    private static byte[] mutated(Random random) {
        var text = new StringBuilder(REQUESTS.get(random.nextInt(REQUESTS.size())));
        if (random.nextInt(4) == 0) {
            text.append(REQUESTS.get(random.nextInt(REQUESTS.size())));
        }
        for (int mutations = random.nextInt(4); mutations > 0 && !text.isEmpty(); mutations--) {
            int at = random.nextInt(text.length());
            int end = Math.min(text.length(), at + 1 + random.nextInt(12));
            switch (random.nextInt(6)) {
                case 0 -> text.setCharAt(at, (char) random.nextInt(256));
                case 1 -> text.delete(at, end);
                case 2 -> text.insert(at, text.substring(at, end));
                case 3 -> text.setLength(at);
                default -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
            }
        }
        return text.toString().getBytes(ISO_8859_1);
    }

    /// Sends the bytes and returns what the server answers within a short time.
    private static String exchange(int port, byte[] bytes) {
        var answer = new ByteArrayOutputStream();
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(MAX_ANSWER_MS);
            socket.getOutputStream().write(bytes);
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[4096];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                answer.write(buffer, 0, length);
            }
        } catch (SocketTimeoutException waitsForMore) {
            // A server cannot answer every piece of a request.
        } catch (IOException closedInTheMiddle) {
            // The server need not read the rest of a request that it refuses.
        }
        return answer.toString(ISO_8859_1);
    }

    /// Many connections that do nothing by themselves.
    private static final class Crowd implements AutoCloseable {
        private final List<Socket> sockets = new ArrayList<>();

        void connect(int port, int count) throws IOException {
            for (int connection = 0; connection < count; connection++) {
                var socket = new Socket();
                sockets.add(socket);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 10_000);
            }
        }

        void send(String text) throws IOException {
            for (Socket socket : sockets) {
                socket.getOutputStream().write(text.getBytes(ISO_8859_1));
            }
        }

        /// Returns how many connections have taken the text; the others are closed.
        int sendWhereOpen(String text) {
            byte[] bytes = text.getBytes(ISO_8859_1);
            int taken = 0;
            for (Socket socket : sockets) {
                try {
                    socket.getOutputStream().write(bytes);
                    taken++;
                } catch (IOException closed) {
                    // The server has closed it, as it may.
                }
            }
            return taken;
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }
}
