package clickcounter.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// Clicks of browsers on banners that are all equally likely. Any answer that is not a 204 ends the measurement.
///
/// **Threads**: that of the generator.
final class ClickScript extends Script {
    /// What Chrome sends for an image on a page of another site, about 900 bytes.
    static final String BROWSER_HEADERS = """
            Connection: keep-alive
            sec-ch-ua-platform: "Windows"
            User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36
            sec-ch-ua: "Chromium";v="128", "Not;A=Brand";v="24", "Google Chrome";v="128"
            sec-ch-ua-mobile: ?0
            Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8
            Sec-Fetch-Site: cross-site
            Sec-Fetch-Mode: no-cors
            Sec-Fetch-Dest: image
            Referer: https://www.example.com/articles/2026/11/28/an-article-with-a-long-title
            Accept-Encoding: gzip, deflate, br, zstd
            Accept-Language: en-US,en;q=0.9,de;q=0.8
            """;

    /// All ids have the same number of digits, so that a request can be changed in place.
    static final long FIRST_BANNER = 1_000_000;

    static final int MAX_BANNERS = 1_000_000;

    private static final String PATH = "GET /v1/banners/counter/";
    private static final int ID_END = (PATH + FIRST_BANNER).length();
    private static final byte[] EMPTY_LINE = "\r\n\r\n".getBytes(US_ASCII);
    private static final int MAX_ANSWER_BYTES = 2_048;

    private final SplittableRandom random = new SplittableRandom(1);
    private final int banners;
    private final long[] acknowledged;

    /// @param banners the number of different banners
    /// @param acknowledged to which the 204s of each banner are added, from [#FIRST_BANNER] on
    ClickScript(int banners, long[] acknowledged) {
        super(
                PATH + FIRST_BANNER + " HTTP/1.1\r\nHost: localhost\r\n" + BROWSER_HEADERS.replace("\n", "\r\n")
                        + "\r\n",
                204,
                MAX_ANSWER_BYTES);
        this.banners = banners;
        this.acknowledged = acknowledged;
    }

    @Override
    int next(ByteBuffer buffer) {
        int banner = random.nextInt(banners);
        long id = FIRST_BANNER + banner;
        for (int at = ID_END - 1; at >= PATH.length(); at--) {
            buffer.put(at, (byte) ('0' + id % 10));
            id /= 10;
        }
        return banner;
    }

    @Override
    boolean isAtEnd(ByteBuffer answer) {
        return endsWith(EMPTY_LINE, answer);
    }

    @Override
    void answered(int banner) {
        acknowledged[banner]++;
    }
}
