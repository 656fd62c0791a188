package clickcounter.ingest.banners;

import clickcounter.shared.Lifetime;
import clickcounter.shared.Opened;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.http.BannerId;
import clickcounter.shared.log.ClickReader;
import clickcounter.shared.log.LogMeter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Limits how many banners may be new in a minute, on all ingest processes of a host together, so that made-up ids
/// cannot fill the database. Beyond the limit, a click on an id that was never seen counts for the banner
/// [BannerId#OTHER]. The log has that id already, so whatever reads it needs to know nothing of this.
///
/// The log of an earlier release has banners that the file of known ones lacks. They are read in the background,
/// and until that is done, every banner may be new.
///
/// **Threads**: any.
public final class BannerLimit implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(BannerLimit.class);

    /// A table of 32 MiB. Three quarters of it are 3.1 million banners.
    private static final int PLACES = 1 << 22;

    private static final Duration REPORT_INTERVAL = Duration.ofMinutes(1);
    private static final long MINUTE_NS = Duration.ofMinutes(1).toNanos();
    private static final long MINUTE_MASK = Integer.MAX_VALUE;
    private static final int BATCH_RECORDS = 10_000;

    /// How long the end of the log may be out of reach before the rest of it is given up.
    private static final Duration READ_PATIENCE = Duration.ofSeconds(10);

    private static final Duration READ_PAUSE = Duration.ofMillis(10);

    private final Opened opened = new Opened();
    private final @Nullable KnownBanners known;
    private final int maxNewPerMinute;
    private final LongSupplier clockNs;
    private final LongAdder newBanners = new LongAdder();
    private final LongAdder clicksOverLimit = new LongAdder();
    private long reportedClicks;
    private volatile boolean isClosing;

    private BannerLimit(
            Path folder, int maxNewPerMinute, PrometheusRegistry metrics, Lifetime lifetime, LongSupplier clockNs) {
        this.maxNewPerMinute = maxNewPerMinute;
        this.clockNs = clockNs;
        Path file = folder.resolve("banners.known");
        if (maxNewPerMinute == 0) {
            known = null;
            forget(file);
        } else {
            known = opened.add(KnownBanners.open(file, PLACES));
            opened.add(PeriodicTask.start("banners", REPORT_INTERVAL, lifetime, this::report));
        }
        CounterWithCallback.builder()
                .name("clickcounter_new_banners_total")
                .help("Banners that this process has seen for the first time.")
                .callback(counter -> counter.call((double) newBanners.sum()))
                .register(metrics);
        CounterWithCallback.builder()
                .name("clickcounter_clicks_over_banner_limit_total")
                .help("Clicks on unknown banners that this process has counted for one banner, above the limit.")
                .callback(counter -> counter.call((double) clicksOverLimit.sum()))
                .register(metrics);
    }

    /// Opens the file of known banners in `folder`; creates it if it is missing.
    ///
    /// @param maxNewPerMinute how many banners may be new; 0 if there is no limit
    ///
    /// **Errors**: [clickcounter.shared.StartFailure] if the file cannot be opened.
    public static BannerLimit open(Path folder, int maxNewPerMinute, PrometheusRegistry metrics, Lifetime lifetime) {
        // This clock never steps, and on Linux and macOS it is the same in all processes.
        return new BannerLimit(folder, maxNewPerMinute, metrics, lifetime, System::nanoTime);
    }

    /// @param clockNs nanoseconds that only grow, which tests choose
    static BannerLimit open(Path folder, int maxNewPerMinute, LongSupplier clockNs) {
        return new BannerLimit(folder, maxNewPerMinute, new PrometheusRegistry(), new Lifetime(), clockNs);
    }

    /// Without a limit nobody keeps the file up to date. If there is one later, it is made from the log.
    private static void forget(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            logger.warn("{} cannot be deleted: {}. Delete it before there is a limit again.", file, failure.toString());
        }
    }

    /// Returns the banner that a click on this id counts for.
    ///
    /// **Cost**: for a known banner some nanoseconds, without an allocation or a system call.
    public long countedAs(long bannerId) {
        return known == null || known.contains(bannerId) || bannerId == BannerId.OTHER
                ? bannerId
                : countedAsNew(known, bannerId);
    }

    private long countedAsNew(KnownBanners known, long bannerId) {
        long minute = (clockNs.getAsLong() / MINUTE_NS) & MINUTE_MASK;
        if (known.isComplete() && !known.takeNew(minute, maxNewPerMinute)) {
            clicksOverLimit.increment();
            return BannerId.OTHER;
        }
        known.add(bannerId);
        newBanners.increment();
        return bannerId;
    }

    /// Reads the banners of the log in the background, unless they are known.
    public void learn(Path logFolder) {
        if (known == null || known.isComplete()) {
            return;
        }
        long end = endOf(logFolder);
        if (end == ClickReader.START) {
            known.complete();
            return;
        }
        logger.info("the banners of the log are read; until then, the number of new banners is not limited");
        Thread thread = Thread.ofPlatform().name("banners-of-log").daemon().start(() -> learn(known, logFolder, end));
        opened.onClose(() -> {
            isClosing = true;
            thread.join();
        });
    }

    private static long endOf(Path logFolder) {
        try (var meter = LogMeter.open(logFolder)) {
            return meter.end();
        }
    }

    private void learn(KnownBanners known, Path logFolder, long end) {
        long startNs = System.nanoTime();
        try (var reader = ClickReader.inspect(logFolder)) {
            long records = readTo(end, reader, known);
            if (!isClosing) {
                known.complete();
                Duration duration = Duration.ofNanos(System.nanoTime() - startNs);
                logger.info(
                        "the banners of {} records were read in {} ms; from now on, at most {} banners may be new in a minute",
                        records,
                        duration.toMillis(),
                        maxNewPerMinute);
            }
        } catch (RuntimeException failure) {
            logger.error(
                    "The banners of the log could not be read, so the number of new banners is not limited. Restart ingest to try again.",
                    failure);
        }
    }

    private long readTo(long end, ClickReader reader, KnownBanners known) {
        long records = 0;
        long progressNs = System.nanoTime();
        while (reader.position() < end && !isClosing) {
            int batch = reader.read(BATCH_RECORDS, (_, bannerId, _) -> {
                if (!known.contains(bannerId)) {
                    known.add(bannerId);
                }
                return true;
            });
            records += batch;
            if (batch > 0) {
                progressNs = System.nanoTime();
            } else if (System.nanoTime() - progressNs > READ_PATIENCE.toNanos()) {
                logger.warn("the last records of the log cannot be read; their banners count as new");
                break;
            } else {
                LockSupport.parkNanos(READ_PAUSE.toNanos());
            }
        }
        return records;
    }

    private void report() {
        long clicks = clicksOverLimit.sum();
        if (clicks > reportedClicks) {
            logger.warn(
                    "{} clicks on banners that were never seen before were counted for banner {}, because more than {} banners were new in a minute. If they are real, raise SERVICE_MAX_NEW_BANNERS.",
                    clicks - reportedClicks,
                    BannerId.OTHER,
                    maxNewPerMinute);
            reportedClicks = clicks;
        }
    }

    @Override
    public void close() {
        opened.close();
        report();
    }
}
