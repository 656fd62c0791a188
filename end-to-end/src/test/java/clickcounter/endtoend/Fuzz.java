package clickcounter.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.testing.Service;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Requests with some bytes changed, missing or doubled, and bytes that are no requests at all.
@SuppressWarnings("StringConcatToTextBlock") // text blocks hide the CR and LF that matter here
final class Fuzz {
    private static final long SEED = Long.getLong("fuzz.seed", new Random().nextInt(1_000_000));
    private static final int FUZZERS = 48;
    private static final int MAX_ANSWER_MS = 60;

    /// Statuses from 500 on that are no fault of the server: 501 and 505 refuse a transfer encoding and a
    /// version of HTTP that it does not support (RFC 9110, 15.6), 503 asks to try again.
    private static final Set<Integer> NO_FAULTS = Set.of(501, 503, 505);

    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3})");

    /// No mutation of these makes a click on a banner whose id is long.
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

    private Fuzz() {}

    /// Sends mutated requests for so many seconds, and looks for answers that say that the server failed.
    static long attack(Service service, int port, int seconds, Runnable hold) throws Exception {
        System.out.println("fuzz.seed " + SEED);
        Map<Integer, Integer> answers = new TreeMap<>();
        Queue<String> faults = new ConcurrentLinkedQueue<>();
        long endNs = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Map<Integer, Integer>>> fuzzers = new ArrayList<>();
            for (int fuzzer = 0; fuzzer < FUZZERS; fuzzer++) {
                var random = new Random(SEED + fuzzer);
                fuzzers.add(threads.submit(() -> fuzz(port, random, endNs, faults)));
            }
            hold.run();
            for (Future<Map<Integer, Integer>> fuzzer : fuzzers) {
                fuzzer.get().forEach((status, count) -> answers.merge(status, count, Integer::sum));
            }
        }
        System.out.println("answers to any bytes: " + answers);
        assertThat(faults)
                .as("requests that made the server fail, seed %d", SEED)
                .isEmpty();
        assertThat(answers).containsKeys(200, 400);
        return Attack.UNKNOWN;
    }

    /// Returns how often each status was answered.
    private static Map<Integer, Integer> fuzz(int port, Random random, long endNs, Queue<String> faults) {
        Map<Integer, Integer> answers = new TreeMap<>();
        while (System.nanoTime() - endNs < 0) {
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
}
