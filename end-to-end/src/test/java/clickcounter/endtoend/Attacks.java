package clickcounter.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.endtoend.Attack.Action;
import clickcounter.endtoend.Attack.Where;
import clickcounter.testing.Await;
import clickcounter.testing.Service;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// What strangers do to a service that no proxy protects.
@SuppressWarnings("StringConcatToTextBlock") // text blocks hide the CR and LF that matter here
final class Attacks {
    /// What only a click that is smuggled in a body can have.
    private static final long SMUGGLED = 6_666_666;

    private static final long MADE_UP = 7_000_000_000_000L;

    /// Two ids of one minute that had the same hash in an older version.
    private static final List<Long> COLLIDING = List.of(1752322605171645475L, 2281686513305648745L);

    private static final int BATCH = 100;
    private static final int MAX_ROUNDS = 1_000;
    private static final int MAX_ANSWER_MS = 90_000;
    private static final Duration TRICKLE_PAUSE = Duration.ofMillis(20);

    private static final String ALL_TIME = "from=1970-01-01T00:00:00Z&to=2080-01-01T00:00:00Z";
    private static final String BANNERS =
            IntStream.rangeClosed(1, 100).mapToObj(id -> "banner=" + id).collect(Collectors.joining("&"));

    /// So many of them for each of 2 000 live streams are as many as all may name together.
    private static final String TEN_BANNERS =
            IntStream.rangeClosed(1, 10).mapToObj(id -> "banner=" + id).collect(Collectors.joining("&"));

    /// Almost as many rows as `STATS_MAX_ROWS` allows, and almost as many ranges as one answer may look up.
    private static final String LONGEST =
            "/v1/banners/stats?" + BANNERS + "&from=2024-01-01T00:00:00Z&to=2025-02-01T00:00:00Z&step=hour&fill=zero";

    private static final String DEAREST = "/v1/banners/stats?" + BANNERS
            + "&from=2024-01-01T00:00:00Z&to=2024-04-10T00:00:00Z&step=hour&tz=Asia/Kathmandu";

    private static final String CLICK = "GET /v1/banners/counter/77000 HTTP/1.1\r\nHost: a\r\n";
    private static final String BEACON = "POST /v1/banners/counter/77000 HTTP/1.1\r\nHost: a\r\n";
    private static final String QUESTION =
            "POST /v1/banners/stats/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

    private static final List<String> ZONES =
            ZoneId.getAvailableZoneIds().stream().sorted().toList();

    private Attacks() {}

    static List<Attack> all() {
        return List.of(
                new Attack(
                        "every hour of 110 years in Kathmandu, of 100 banners",
                        "rows of one answer",
                        Where.INGEST,
                        12,
                        12,
                        asking("/v1/banners/stats?" + BANNERS + "&" + ALL_TIME + "&step=hour&tz=Asia/Kathmandu")),
                new Attack(
                        "the same in UTC",
                        "rows of one answer",
                        Where.INGEST,
                        12,
                        12,
                        asking("/v1/banners/stats?" + BANNERS + "&" + ALL_TIME + "&step=hour")),
                new Attack(
                        "the dearest question that is allowed",
                        "ranges of time of one answer",
                        Where.INGEST,
                        4,
                        12,
                        asking(DEAREST)),
                new Attack(
                        "the longest answer that is allowed",
                        "memory of all answers",
                        Where.INGEST,
                        2,
                        12,
                        asking(LONGEST)),
                new Attack(
                        "the busiest of all banners",
                        "memory of all answers",
                        Where.INGEST,
                        20,
                        200,
                        asking("/v1/banners/top?limit=1000&compare=previous&" + ALL_TIME)),
                new Attack(
                        "the totals of all time by the hour",
                        "memory of all answers",
                        Where.INGEST,
                        20,
                        200,
                        asking("/v1/banners/totals?step=hour&compare=previous&" + ALL_TIME)),
                new Attack(
                        "days of ten years in every time zone",
                        "ranges of time of one answer",
                        Where.INGEST,
                        8,
                        50,
                        asking(Attacks::inAnyZone)),
                new Attack(
                        "the description of the API",
                        "relayed requests",
                        Where.INGEST,
                        20,
                        200,
                        asking("/openapi.yaml")),
                new Attack(
                        "clients that ask and leave",
                        "time of the database",
                        Where.INGEST,
                        20,
                        200,
                        Attacks::askAndLeave),
                new Attack(
                        "clients that do not read a long answer",
                        "memory of all answers",
                        Where.INGEST,
                        6,
                        200,
                        sending(get(LONGEST))),
                new Attack(
                        "clients that read a long answer slowly",
                        "memory of all answers",
                        Where.INGEST,
                        4,
                        50,
                        Attacks::readSlowly),
                new Attack(
                        "live streams that nobody reads",
                        "live streams",
                        Where.INGEST,
                        300,
                        2_000,
                        sending(get("/v1/banners/live?" + TEN_BANNERS))),
                new Attack(
                        "live streams on 1 024 files",
                        "relayed connections",
                        Where.INGEST_OF_FEW_FILES,
                        700,
                        700,
                        sending(get("/v1/banners/live"))),
                new Attack("connections that send nothing", "connections", Where.INGEST, 3_000, 15_000, sending("")),
                new Attack("the same at query's port", "connections", Where.QUERY, 3_000, 8_000, sending("")),
                new Attack(
                        "the same on 1 024 files", "connections", Where.INGEST_OF_FEW_FILES, 2_000, 8_000, sending("")),
                new Attack(
                        "heads that stop in the middle",
                        "connections",
                        Where.INGEST,
                        1_000,
                        12_000,
                        sending(CLICK + "X: ")),
                new Attack(
                        "long heads that stop in the middle",
                        "bytes kept",
                        Where.INGEST,
                        2_100,
                        8_000,
                        sending(CLICK + "X: " + "x".repeat(15_000))),
                new Attack(
                        "bodies of 64 KiB that stop at the end",
                        "bytes without an answer",
                        Where.INGEST,
                        2_000,
                        3_500,
                        sending(QUESTION + "Content-Length: 65536\r\n\r\n" + " ".repeat(65_000))),
                new Attack(
                        "bodies that are announced and never sent",
                        "time to arrive",
                        Where.INGEST,
                        500,
                        3_000,
                        sending(QUESTION + "Expect: 100-continue\r\nContent-Length: 65536\r\n\r\n")),
                new Attack("bodies that trickle", "time to arrive", Where.INGEST, 300, 3_000, trickling(BEACON)),
                new Attack(
                        "bodies of questions that trickle",
                        "time to arrive",
                        Where.INGEST,
                        300,
                        2_000,
                        trickling(QUESTION)),
                new Attack("the same at query's port", "time to arrive", Where.QUERY, 300, 2_000, trickling(QUESTION)),
                new Attack(
                        "a header without an end",
                        "head",
                        Where.INGEST,
                        8,
                        50,
                        endless(CLICK + "X: ", "x".repeat(16 << 10))),
                new Attack(
                        "a query string without an end",
                        "head",
                        Where.INGEST,
                        8,
                        50,
                        endless("GET /v1/banners/counter/77000?", "x=y&".repeat(4 << 10))),
                new Attack(
                        "the size of a chunk without an end",
                        "bytes without an answer",
                        Where.INGEST,
                        8,
                        50,
                        endless(BEACON + "Transfer-Encoding: chunked\r\n\r\n", "0".repeat(16 << 10))),
                new Attack(
                        "chunks without an end",
                        "bytes without an answer",
                        Where.INGEST,
                        8,
                        50,
                        endless(QUESTION + "Transfer-Encoding: chunked\r\n\r\n", "1;a=b\r\n \r\n".repeat(1_500))),
                new Attack(
                        "new connections that are reset",
                        "connections",
                        Where.INGEST,
                        3_000,
                        60_000,
                        Attacks::resetStorm),
                new Attack(
                        "thousands of clicks, no answer read",
                        "bytes kept",
                        Where.INGEST,
                        16,
                        200,
                        pipelining(CLICK + "\r\n")),
                new Attack(
                        "thousands of questions, no answer read",
                        "bytes without an answer",
                        Where.INGEST,
                        16,
                        200,
                        pipelining(get("/v1/banners/stats/1?" + ALL_TIME))),
                new Attack(
                        "clicks that end their output", "connections", Where.INGEST, 200, 4_000, Attacks::halfClosed),
                new Attack(
                        "upgrades to HTTP/2",
                        "relayed connections",
                        Where.INGEST,
                        200,
                        2_000,
                        sending("GET /v1/healthcheck HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                                + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")),
                new Attack(
                        "HTTP/2 without an upgrade",
                        "relayed connections",
                        Where.INGEST,
                        200,
                        2_000,
                        sending("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")),
                new Attack(
                        "web sockets",
                        "relayed connections",
                        Where.INGEST,
                        200,
                        2_000,
                        sending(
                                "GET /v1/banners/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")),
                new Attack(
                        "TLS where there is none",
                        "relayed connections",
                        Where.INGEST,
                        200,
                        2_000,
                        sending("\u0016\3\1\2\0\1\0\1\u00fc\3\3" + "\u00aa".repeat(508))),
                new Attack("requests smuggled in bodies", "body", Where.INGEST, 1, 50, Attacks::smuggle),
                new Attack(
                        "clicks on made-up banners",
                        "new banners",
                        Where.INGEST,
                        5_000,
                        500_000,
                        clicking(number -> "GET /v1/banners/counter/%d HTTP/1.1\r\nHost: a\r\n\r\n"
                                .formatted(MADE_UP + 7_919L * number))),
                new Attack(
                        "clicks on banners whose ids collide",
                        "new banners",
                        Where.INGEST,
                        5_000,
                        500_000,
                        clicking(number -> "GET /v1/banners/counter/%d HTTP/1.1\r\nHost: a\r\n\r\n"
                                .formatted(COLLIDING.get(number % COLLIDING.size())))),
                new Attack(
                        "the query strings of ad tags",
                        "head",
                        Where.INGEST,
                        1_000,
                        50_000,
                        clicking(number -> "GET /v1/banners/counter/77001?cb=%d&ord=[timestamp]&click=%%%%CLICK_URL%%%%"
                                        .formatted(number)
                                + "&u=https://a.example/?b={{c}}|d^e&gdpr_consent=" + "CP".repeat(number % 4_000)
                                + " HTTP/1.1\r\nHost: a\r\n\r\n")),
                new Attack(
                        "headers that are not ASCII",
                        "head",
                        Where.INGEST,
                        1_000,
                        50_000,
                        clicking(number -> "GET /v1/banners/counter/77002 HTTP/1.1\r\nHost: a\r\nReferer: http://b/"
                                + (char) (0x80 + number % 0x80) + "\u00c3\u00bc\r\nX-Name: \u00e9\u00ff\r\n\r\n")),
                new Attack(
                        "chunks with extensions and trailers",
                        "body",
                        Where.INGEST,
                        16,
                        200,
                        pipelining(BEACON + "Transfer-Encoding: chunked\r\n\r\n4;" + "e".repeat(100)
                                + "\r\nseen\r\n0\r\nX: y\r\n\r\n")),
                new Attack(
                        "preflights of a browser",
                        "relayed requests",
                        Where.INGEST,
                        300,
                        3_000,
                        sending("OPTIONS /v1/banners/counter/77000 HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\n"
                                + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x\r\n\r\n")),
                new Attack(
                        "a thousand ranges, tags and languages",
                        "relayed requests",
                        Where.INGEST,
                        8,
                        100,
                        Attacks::askForParts),
                new Attack("JSON that explodes", "body of a question", Where.INGEST, 8, 50, Attacks::askWithBombs),
                new Attack("any bytes", "all of them", Where.INGEST, 3, 60, Fuzz::attack),
                new Attack("any bytes at query's port", "all of them", Where.QUERY, 3, 60, Fuzz::attack));
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }

    private static String inAnyZone(int number) {
        return "/v1/banners/stats?" + BANNERS + "&from=2015-01-01T00:00:00Z&to=2025-01-01T00:00:00Z&step=day&tz="
                + ZONES.get(number % ZONES.size());
    }

    /// Each connection sends the text and then waits.
    private static Action sending(String text) {
        return (_, port, size, hold) -> {
            try (var crowd = new Crowd(port)) {
                crowd.connect(size).send(text);
                hold.run();
            }
            return 0;
        };
    }

    /// Each connection sends the beginning, and then the same text without an end.
    private static Action endless(String beginning, String text) {
        return (_, port, size, hold) -> {
            try (var crowd = new Crowd(port)) {
                crowd.connect(size).send(beginning);
                int rounds = 0;
                while (crowd.send(text) > 0 && rounds < MAX_ROUNDS) {
                    rounds++;
                }
                hold.run();
                Await.until("requests without an end are cut off", () -> {
                    crowd.send(text);
                    return crowd.openCount() == 0;
                });
            }
            return 0;
        };
    }

    private static Action trickling(String head) {
        return (_, port, size, hold) -> {
            try (var crowd = new Crowd(port)) {
                crowd.connect(size).send(head + "Content-Length: 30000\r\n\r\n");
                during(hold, 1, _ -> {
                    crowd.send(" ");
                    LockSupport.parkNanos(TRICKLE_PAUSE.toNanos());
                });
            }
            return 0;
        };
    }

    /// Each connection sends requests until no buffer takes any more.
    private static Action pipelining(String request) {
        return (_, port, size, hold) -> {
            try (var crowd = new Crowd(port)) {
                crowd.connect(size);
                String requests = request.repeat(BATCH);
                int rounds = 0;
                while (crowd.send(requests) > 0 && rounds < MAX_ROUNDS) {
                    rounds++;
                }
                hold.run();
            }
            return Attack.UNKNOWN;
        };
    }

    private static Action asking(String path) {
        return asking(_ -> path);
    }

    /// So many clients ask again and again, each on new connections.
    private static Action asking(IntFunction<String> path) {
        var number = new AtomicInteger();
        return (_, port, size, hold) -> {
            during(
                    hold,
                    size,
                    _ -> ask(
                            port,
                            "GET " + path.apply(number.getAndIncrement())
                                    + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
            return 0;
        };
    }

    /// One client sends so many clicks, a hundred at a time.
    private static Action clicking(IntFunction<String> request) {
        return (_, port, size, hold) -> beside(hold, () -> {
            try (var crowd = new Crowd(port)) {
                crowd.connect(1);
                for (int sent = 0; sent < size; sent += BATCH) {
                    int all = sent + BATCH;
                    crowd.send(IntStream.range(sent, all).mapToObj(request).collect(Collectors.joining()));
                    Await.until("%d clicks are answered".formatted(all), () -> {
                        crowd.send("");
                        return crowd.answerCount() == all;
                    });
                }
                assertThat(crowd.answers()).doesNotContainKey(500);
                return (long) crowd.answers().getOrDefault(204, 0);
            }
        });
    }

    private static long askAndLeave(Service service, int port, int size, Runnable hold) throws Exception {
        during(hold, 1, _ -> {
            try (var crowd = new Crowd(port)) {
                crowd.connect(size).send(number -> get(DEAREST + "&banner=" + (number + 1)));
                crowd.reset();
            }
        });
        return 0;
    }

    private static long readSlowly(Service service, int port, int size, Runnable hold) throws Exception {
        try (var crowd = new Crowd(port)) {
            crowd.connect(size).send(get(LONGEST));
            during(hold, 1, _ -> {
                crowd.read(100);
                LockSupport.parkNanos(TRICKLE_PAUSE.toNanos());
            });
        }
        return 0;
    }

    private static long resetStorm(Service service, int port, int size, Runnable hold) throws Exception {
        return beside(hold, () -> {
            for (int connection = 0; connection < size; connection++) {
                try (var crowd = new Crowd(port)) {
                    crowd.connect(1).send(connection % 2 == 0 ? "" : CLICK);
                    crowd.reset();
                }
            }
            return 0L;
        });
    }

    private static long halfClosed(Service service, int port, int size, Runnable hold) throws Exception {
        try (var crowd = new Crowd(port)) {
            crowd.connect(size).send(CLICK + "\r\n");
            crowd.endOutput();
            hold.run();
            Await.until("all clicks are answered", () -> crowd.answerCount() == size);
            return crowd.answers().getOrDefault(204, 0);
        }
    }

    /// Each request has a click in its body, which a server would count that finds another end of the body
    /// than the standard does. If there is no end, or more than one, it must refuse the request and close the
    /// connection.
    private static long smuggle(Service service, int port, int size, Runnable hold) throws Exception {
        String click = "GET /v1/banners/counter/%d HTTP/1.1\r\nHost: a\r\n\r\n".formatted(SMUGGLED);
        String length = "Content-Length: " + click.length() + "\r\n";
        String chunk = "%x\r\n%s\r\n0\r\n\r\n".formatted(click.length(), click);
        List<String> shapes = List.of(
                "Content-Length: 0\r\n" + length + "\r\n" + click,
                length + "Content-Length: 0\r\n\r\n" + click,
                "Content-Length: 0, " + click.length() + "\r\n\r\n" + click,
                "Content-Length: +" + click.length() + "\r\n\r\n" + click,
                "Content-Length: 0x0\r\n\r\n" + click,
                "Content-Length: 0\r\n\t1\r\n\r\n" + click,
                "Content-Length : 0\r\n\r\n" + click,
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunk,
                length + "Transfer-Encoding: chunked, identity\r\n\r\n" + click,
                length + "Transfer-Encoding: xchunked\r\n\r\n" + click,
                length + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + click,
                length + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n" + click,
                length + "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + click,
                "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + click,
                "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n" + click);
        for (String path : List.of("/v1/banners/counter/77000", "/v1/banners/stats/1", "/nothing")) {
            for (String shape : shapes) {
                try (var crowd = new Crowd(port)) {
                    crowd.connect(size).send("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + shape);
                    Await.until(
                            "each request is answered or its connection closed",
                            () -> crowd.answerCount() >= size || crowd.openCount() == 0);
                }
                assertThat(service.statistics(SMUGGLED))
                        .as("clicks in the body of %s", shape)
                        .isEmpty();
            }
        }
        hold.run();
        return Attack.UNKNOWN;
    }

    private static long askForParts(Service service, int port, int size, Runnable hold) throws Exception {
        String request = "GET /v1/banners/stats/1?" + ALL_TIME + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                + "Range: bytes=" + "0-0,".repeat(900) + "1-1\r\n"
                + "If-None-Match: " + "W/\"a\",".repeat(600) + "\"b\"\r\n"
                + "Accept: " + "a/b;q=0.1,".repeat(300) + "*/*\r\n"
                + "Accept-Language: " + "de;q=0.1,".repeat(300) + "en\r\n\r\n";
        during(hold, size, _ -> ask(port, request));
        return 0;
    }

    private static long askWithBombs(Service service, int port, int size, Runnable hold) throws Exception {
        String digits = "9".repeat(60_000);
        List<String> bombs = List.of(
                "[".repeat(60_000),
                "{\"a\":".repeat(10_000),
                "{\"limit\":" + digits + "}",
                "{\"limit\":1e" + "9".repeat(9) + "}",
                "{\"limit\":0." + digits + "e" + "9".repeat(9) + "}",
                "{\"banner\":[" + "1,".repeat(30_000) + "1]}",
                "{\"from\":\"" + "\\u0000".repeat(10_000) + "\"}",
                // All keys have the same hash.
                IntStream.range(0, 1 << 11)
                        .mapToObj(key -> "\"" + sameHash(key) + "\":1")
                        .collect(Collectors.joining(",", "{", "}")));
        List<String> paths =
                List.of("/v1/banners/stats", "/v1/banners/stats/1", "/v1/banners/top", "/v1/banners/totals");
        during(hold, size, number -> {
            String bomb = bombs.get(number % bombs.size());
            ask(
                    port,
                    "POST " + paths.get(number / bombs.size() % paths.size())
                            + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
                            + "Content-Length: " + bomb.length() + "\r\n\r\n" + bomb);
        });
        return 0;
    }

    /// A text whose hash does not depend on the number.
    private static String sameHash(int number) {
        var text = new StringBuilder();
        for (int bit = 0; bit < 11; bit++) {
            text.append((number >> bit & 1) == 0 ? "Aa" : "BB");
        }
        return text.toString();
    }

    @FunctionalInterface
    private interface Step {
        void run(int number) throws Exception;
    }

    /// Lets so many threads repeat a step, which is told a number of its own each time, while `hold` runs.
    private static void during(Runnable hold, int threadCount, Step step) throws Exception {
        var number = new AtomicInteger();
        var isOver = new AtomicBoolean();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> working = IntStream.range(0, threadCount)
                    .mapToObj(_ -> threads.<Void>submit(() -> {
                        while (!isOver.get()) {
                            step.run(number.getAndIncrement());
                        }
                        return null;
                    }))
                    .toList();
            try {
                hold.run();
            } finally {
                isOver.set(true);
            }
            for (Future<Void> each : working) {
                each.get();
            }
        }
    }

    private static <T> T beside(Runnable hold, Callable<T> work) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<T> working = threads.submit(work);
            hold.run();
            return working.get();
        }
    }

    /// Sends a request and reads all of the answer, which may be any but an error of the server.
    private static void ask(int port, String request) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(MAX_ANSWER_MS);
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            var beginning = new String(socket.getInputStream().readNBytes(12), ISO_8859_1);
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            assertThat(beginning)
                    .as("answer to %.200s", request)
                    .doesNotContain(" 500")
                    .doesNotContain(" 502");
        } catch (IOException closed) {
            // The server may refuse to read what is too long.
        }
    }
}
