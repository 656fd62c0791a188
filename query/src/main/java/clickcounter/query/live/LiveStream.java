package clickcounter.query.live;

import static clickcounter.counts.ClickTable.ANY_MINUTE;

import clickcounter.counts.ClickTable;
import clickcounter.migrations.Database;
import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.Statistics.Top;
import clickcounter.query.statistics.TimeText;
import clickcounter.query.tail.LogTail;
import clickcounter.shared.EpochMinute;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.log.ClickReader;
import io.helidon.http.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends all listeners the clicks of the last second, once a second.
///
/// One thread reads the log, with a reader of its own that begins at the end of the log when the first listener
/// comes. Each second it makes one event for each set of banners that someone listens to, however many listeners
/// there are; a listener only writes bytes. The memory for events is bounded by what listeners may name. The clicks
/// of the running minute are counted in memory. This is not possible for the minute in which the first listener
/// comes, so that minute is asked for like other statistics.
///
/// If a connection does not take an event for several seconds, its listener is interrupted, which closes the
/// connection.
///
/// **Threads**: any.
public final class LiveStream implements AutoCloseable {
    static final int MAX_LISTENERS = 5_000;

    /// How many banners all listeners together may name: the events of one second then need about 2 MB of memory, in
    /// which they are kept until the slowest connection has taken them.
    static final int MAX_BANNERS = 20_000;

    private static final Logger logger = LoggerFactory.getLogger(LiveStream.class);
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final int MAX_BATCH = 8_192;

    /// A comment that starts the answer at once, so that the client knows it is connected.
    private static final byte[] HELLO = ": one event each second\n\n".getBytes(StandardCharsets.UTF_8);

    private static final byte[] NOT_NOW = ": not known at the moment\n\n".getBytes(StandardCharsets.UTF_8);

    private final ClickReader reader;
    private final LogTail tail;
    private final RunningMinute runningMinute;
    private final Duration maxWrite;
    private final InstantSource clock;
    private final PeriodicTask task;
    private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
    private final Semaphore places = new Semaphore(MAX_LISTENERS);
    private final Semaphore bannerPlaces = new Semaphore(MAX_BANNERS);
    private volatile Tick tick = new Tick(Map.of());
    private volatile boolean hasEnded;

    // Used by the thread only.
    private final ClickTable sinceLastTick = new ClickTable();
    private final ClickTable ofMinute = new ClickTable();
    private long minute;
    private long firstCompleteMinute = Long.MAX_VALUE;
    private boolean isReading;
    private boolean isDatabaseAway;

    /// One second: the event for each set of banners, and a link to the next second.
    private static final class Tick {
        private final Map<long[], byte[]> events;
        private final CountDownLatch hasNext = new CountDownLatch(1);
        private volatile @Nullable Tick next;

        Tick(Map<long[], byte[]> events) {
            this.events = events;
        }
    }

    /// Returns the clicks of the running minute: in total and of some banners.
    @FunctionalInterface
    public interface RunningMinute {
        /// **Errors**: [Refusal] or [SQLException] if they are not known at the moment.
        Top of(long minute, Collection<Long> bannerIds) throws Refusal, SQLException;
    }

    /// A client, from its admission on.
    ///
    /// **Threads**: the one that the client was admitted by.
    final class Listener implements AutoCloseable {
        private final long[] bannerIds;
        private final Thread thread = Thread.currentThread();
        private volatile long writeStartNs;
        private volatile boolean isWriting;

        private Listener(long[] bannerIds) {
            this.bannerIds = bannerIds;
        }

        /// Writes an event each second until the stream ends.
        ///
        /// **Errors**: [IOException] if the client has gone or was too slow.
        void listen(OutputStream out) throws IOException {
            Tick seen = tick;
            listeners.add(this);
            try {
                write(HELLO, out);
                while (!hasEnded) {
                    seen.hasNext.await();
                    Tick next = seen.next;
                    if (next == null) {
                        return;
                    }
                    write(next.events.getOrDefault(bannerIds, NOT_NOW), out);
                    seen = next;
                }
            } catch (InterruptedException tooSlow) {
                Thread.currentThread().interrupt();
                throw new IOException("the listener was too slow", tooSlow);
            } finally {
                listeners.remove(this);
            }
        }

        /// Lets another one in.
        @Override
        public void close() {
            bannerPlaces.release(bannerIds.length);
            places.release();
        }

        private void write(byte[] event, OutputStream out) throws IOException {
            writeStartNs = System.nanoTime();
            isWriting = true;
            out.write(event);
            out.flush();
            isWriting = false;
        }
    }

    private LiveStream(
            ClickReader reader,
            LogTail tail,
            RunningMinute runningMinute,
            Duration maxWrite,
            InstantSource clock,
            Lifetime lifetime) {
        this.reader = reader;
        this.tail = tail;
        this.runningMinute = runningMinute;
        this.maxWrite = maxWrite;
        this.clock = clock;
        task = PeriodicTask.start("live", INTERVAL, lifetime, this::tick);
    }

    /// Begins to make events when the first listener comes.
    ///
    /// @param reader of the same log as the tail; it must not be used by anyone else, and is closed at the end
    /// @param runningMinute is asked for the clicks of the minute in which the first listener comes
    /// @param maxWrite how long a connection may take to accept one event
    /// @param clock by which clicks are stamped
    public static LiveStream start(
            ClickReader reader,
            LogTail tail,
            RunningMinute runningMinute,
            Duration maxWrite,
            InstantSource clock,
            Lifetime lifetime) {
        return new LiveStream(reader, tail, runningMinute, maxWrite, clock, lifetime);
    }

    /// Returns how many clients are listening.
    int listeners() {
        return listeners.size();
    }

    /// Lets a client in.
    ///
    /// @param bannerIds the banners of its events, which must not be changed
    ///
    /// **Errors**: [Refusal] with status 503 if others take all places.
    Listener admit(long[] bannerIds) throws Refusal {
        if (!places.tryAcquire()) {
            throw full("%d clients are listening".formatted(MAX_LISTENERS));
        }
        if (!bannerPlaces.tryAcquire(bannerIds.length)) {
            places.release();
            throw full("The clients that are listening have named nearly %d banners".formatted(MAX_BANNERS));
        }
        return new Listener(bannerIds);
    }

    private static Refusal full(String reason) {
        return new Refusal(Status.SERVICE_UNAVAILABLE_503, reason + ", and no more are allowed; try again later.");
    }

    /// Ends the stream for all listeners.
    public void end() {
        hasEnded = true;
        tick.hasNext.countDown();
    }

    private void tick() {
        if (hasEnded) {
            return;
        }
        boolean hasListeners = !listeners.isEmpty();
        isReading &= hasListeners;
        var next = new Tick(hasListeners ? events() : Map.of());
        Tick last = tick;
        last.next = next;
        tick = next;
        last.hasNext.countDown();
        if (hasEnded) {
            next.hasNext.countDown();
        }
        dropSlowListeners();
    }

    private Map<long[], byte[]> events() {
        Instant now = clock.instant();
        // The clock may have been set back by more than clicks may be late.
        isReading &= minute <= EpochMinute.of(now) + 1;
        if (!isReading && !startReading(now)) {
            return Map.of();
        }
        sinceLastTick.clear();
        while (reader.read(MAX_BATCH, this::count) == MAX_BATCH) {
            // Continue to the end of the log.
        }
        beginMinute(EpochMinute.of(now));
        // In order, because a client can choose lists of banners whose hash codes are equal.
        Set<long[]> asked = new TreeSet<>(Arrays::compare);
        listeners.forEach(listener -> asked.add(listener.bannerIds));
        Top minuteSoFar = minute >= firstCompleteMinute ? null : askForMinute(asked);
        if (minuteSoFar == null && minute < firstCompleteMinute) {
            return Map.of();
        }
        // The same for all listeners, and adding it up takes as long as there are banners with clicks.
        String allBanners = "data: {\"time\":\"" + now.truncatedTo(ChronoUnit.MILLIS) + "\",\"clicks\":"
                + sinceLastTick.total() + minute(minuteSoFar == null ? ofMinute.total() : minuteSoFar.total());
        Map<long[], byte[]> events = new TreeMap<>(Arrays::compare);
        for (long[] bannerIds : asked) {
            events.put(bannerIds, event(allBanners, bannerIds, minuteSoFar).getBytes(StandardCharsets.UTF_8));
        }
        return events;
    }

    /// Counts all clicks from now on. The running minute may already have some.
    private boolean startReading(Instant now) {
        isReading = reader.moveTo(tail.kept().end().index());
        ofMinute.clear();
        minute = EpochMinute.of(now);
        firstCompleteMinute = minute + 1;
        return isReading;
    }

    private boolean count(long index, long bannerId, long timeMs) {
        sinceLastTick.add(bannerId, ANY_MINUTE, 1);
        long minuteOfClick = EpochMinute.ofMillis(timeMs);
        beginMinute(minuteOfClick);
        if (minuteOfClick == minute) {
            ofMinute.add(bannerId, ANY_MINUTE, 1);
        }
        return true;
    }

    private void beginMinute(long later) {
        if (later > minute) {
            minute = later;
            ofMinute.clear();
        }
    }

    private @Nullable Top askForMinute(Set<long[]> asked) {
        Set<Long> bannerIds =
                asked.stream().flatMapToLong(Arrays::stream).boxed().collect(Collectors.toSet());
        try {
            Top top = runningMinute.of(minute, bannerIds);
            isDatabaseAway = false;
            return top;
        } catch (SQLException | Refusal failure) {
            if (!isDatabaseAway) {
                String reason = failure instanceof SQLException sql ? Database.describe(sql) : failure.getMessage();
                logger.warn("live events wait for the next minute: {}", reason);
                isDatabaseAway = true;
            }
            return null;
        }
    }

    /// @param allBanners the begin of the event
    /// @param minuteSoFar the clicks of the running minute, or null if they are counted here
    private String event(String allBanners, long[] bannerIds, @Nullable Top minuteSoFar) {
        var banners = new StringJoiner(",");
        for (long bannerId : bannerIds) {
            long clicksOfMinute =
                    minuteSoFar == null ? ofMinute.get(bannerId, ANY_MINUTE) : minuteSoFar.clicks(bannerId);
            banners.add("{\"banner\":\"" + bannerId + "\",\"clicks\":" + sinceLastTick.get(bannerId, ANY_MINUTE)
                    + minute(clicksOfMinute) + "}");
        }
        return allBanners + ",\"banners\":[" + banners + "]}\n\n";
    }

    private String minute(long clicks) {
        String start = new TimeText(ZoneOffset.UTC).string(minute);
        return ",\"minute\":{\"ts\":\"" + start + "\",\"v\":" + clicks + "}";
    }

    private void dropSlowListeners() {
        long now = System.nanoTime();
        for (Listener listener : listeners) {
            if (listener.isWriting && now - listener.writeStartNs > maxWrite.toNanos()) {
                listener.thread.interrupt();
            }
        }
    }

    @Override
    public void close() {
        end();
        task.close();
        reader.close();
    }
}
