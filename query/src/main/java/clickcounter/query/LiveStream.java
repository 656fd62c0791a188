package clickcounter.query;

import static clickcounter.counts.ClickTable.ANY_MINUTE;

import clickcounter.counts.ClickTable;
import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.migrations.Database;
import clickcounter.query.Statistics.Top;
import clickcounter.query.counts.TimeText;
import clickcounter.shared.Lifetime;
import clickcounter.shared.PeriodicTask;
import clickcounter.shared.log.ClickReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The clicks of the moment, told once a second to all who listen.
///
/// One thread reads the log, with a reader of its own that starts at the log's end when the first listener
/// comes. Each second it makes one event for each set of banners that somebody listens to, however many do; a
/// listener only writes bytes. The clicks of the running minute are counted in memory. For the minute in which
/// the first listener came that is too late, so it is asked for like any other statistics.
///
/// A listener whose connection does not take an event for some seconds is interrupted, which closes the
/// connection.
///
/// **Threads**: any.
final class LiveStream implements AutoCloseable {
    static final int MAX_LISTENERS = 5_000;

    private static final Logger logger = LoggerFactory.getLogger(LiveStream.class);
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final int BATCH = 8_192;

    private static final int MILLIS_PER_MINUTE = 60_000;

    /// A comment keeps the connection, and says that there is somebody.
    private static final byte[] HELLO = ": one event each second\n\n".getBytes(StandardCharsets.UTF_8);

    private static final byte[] NOT_NOW = ": not known at the moment\n\n".getBytes(StandardCharsets.UTF_8);

    private final ClickReader reader;
    private final LogTail tail;
    private final Statistics statistics;
    private final Duration longestWrite;
    private final PeriodicTask task;
    private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
    private volatile Tick tick = new Tick(Map.of());
    private volatile boolean hasEnded;

    // Of the thread.
    private final ClickTable sinceLastTick = new ClickTable();
    private final ClickTable ofMinute = new ClickTable();
    private long minute;
    private long firstCompleteMinute = Long.MAX_VALUE;
    private boolean isReading;
    private boolean isDatabaseAway;

    /// One second: the event for each set of banners, and the way to the next second.
    private static final class Tick {
        private final Map<List<Long>, byte[]> events;
        private final CountDownLatch hasNext = new CountDownLatch(1);
        private volatile @Nullable Tick next;

        Tick(Map<List<Long>, byte[]> events) {
            this.events = events;
        }

        byte[] event(List<Long> bannerIds) {
            return events.getOrDefault(bannerIds, NOT_NOW);
        }
    }

    private static final class Listener {
        private final List<Long> bannerIds;
        private final Thread thread = Thread.currentThread();
        private volatile long writesSinceNs;
        private volatile boolean isWriting;

        Listener(List<Long> bannerIds) {
            this.bannerIds = bannerIds;
        }

        void write(byte[] event, OutputStream out) throws IOException {
            writesSinceNs = System.nanoTime();
            isWriting = true;
            out.write(event);
            out.flush();
            isWriting = false;
        }
    }

    private LiveStream(
            ClickReader reader, LogTail tail, Statistics statistics, Duration longestWrite, Lifetime lifetime) {
        this.reader = reader;
        this.tail = tail;
        this.statistics = statistics;
        this.longestWrite = longestWrite;
        task = PeriodicTask.start("live", INTERVAL, lifetime, this::tick);
    }

    /// @param reader of the same log as the tail; nobody else uses it, and it is closed at the end
    /// @param longestWrite how long a connection may take for one event
    static LiveStream start(
            ClickReader reader, LogTail tail, Statistics statistics, Duration longestWrite, Lifetime lifetime) {
        return new LiveStream(reader, tail, statistics, longestWrite, lifetime);
    }

    /// How many listen.
    int listeners() {
        return listeners.size();
    }

    /// Writes an event each second until the stream ends.
    ///
    /// **Errors**: [IOException] when the listener has gone or was too slow.
    void listen(List<Long> bannerIds, OutputStream out) throws IOException {
        var listener = new Listener(bannerIds);
        Tick seen = tick;
        listeners.add(listener);
        try {
            listener.write(HELLO, out);
            while (!hasEnded) {
                seen.hasNext.await();
                Tick next = seen.next;
                if (next == null) {
                    return;
                }
                listener.write(next.event(bannerIds), out);
                seen = next;
            }
        } catch (InterruptedException tooSlow) {
            Thread.currentThread().interrupt();
            throw new IOException("the listener was too slow", tooSlow);
        } finally {
            listeners.remove(listener);
        }
    }

    /// Lets all who listen go.
    void end() {
        hasEnded = true;
        tick.hasNext.countDown();
    }

    private void tick() {
        if (hasEnded) {
            return;
        }
        Map<List<Long>, byte[]> events = listeners.isEmpty() ? stopReading() : events();
        var next = new Tick(events);
        Tick last = tick;
        last.next = next;
        tick = next;
        last.hasNext.countDown();
        if (hasEnded) {
            next.hasNext.countDown();
        }
        dropSlowListeners();
    }

    private Map<List<Long>, byte[]> stopReading() {
        isReading = false;
        return Map.of();
    }

    private Map<List<Long>, byte[]> events() {
        if (!isReading && !startReading()) {
            return Map.of();
        }
        sinceLastTick.clear();
        while (reader.read(BATCH, this::count) == BATCH) {
            // All that is in the log by now.
        }
        Instant now = Instant.now();
        beginMinute(now.toEpochMilli() / MILLIS_PER_MINUTE);
        Set<List<Long>> asked = new HashSet<>();
        listeners.forEach(listener -> asked.add(listener.bannerIds));
        Top minuteSoFar = minute >= firstCompleteMinute ? null : askForMinute(asked);
        if (minuteSoFar == null && minute < firstCompleteMinute) {
            return Map.of();
        }
        Map<List<Long>, byte[]> events = new HashMap<>();
        for (List<Long> bannerIds : asked) {
            events.put(bannerIds, event(now, bannerIds, minuteSoFar).getBytes(StandardCharsets.UTF_8));
        }
        return events;
    }

    /// Clicks from now on are counted; the running minute may have had some before.
    private boolean startReading() {
        isReading = reader.moveTo(tail.kept().end().index());
        ofMinute.clear();
        minute = Instant.now().toEpochMilli() / MILLIS_PER_MINUTE;
        firstCompleteMinute = minute + 1;
        return isReading;
    }

    private boolean count(long index, long bannerId, long timeMillis) {
        sinceLastTick.add(bannerId, ANY_MINUTE, 1);
        long minuteOfClick = timeMillis / MILLIS_PER_MINUTE;
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

    private @Nullable Top askForMinute(Set<List<Long>> asked) {
        Set<Long> bannerIds = new HashSet<>();
        asked.forEach(bannerIds::addAll);
        try {
            Top top = statistics
                    .top(new Period(minute, minute + 1, Step.TOTAL, ZoneOffset.UTC), 0, bannerIds)
                    .counts();
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

    /// @param minuteSoFar the running minute, unless it is counted here
    private String event(Instant now, List<Long> bannerIds, @Nullable Top minuteSoFar) {
        String start = new TimeText(ZoneOffset.UTC).string(minute);
        var event = new StringBuilder(128 + 96 * bannerIds.size());
        event.append("data: {\"time\":\"")
                .append(now.truncatedTo(ChronoUnit.MILLIS))
                .append("\",\"clicks\":")
                .append(sinceLastTick.total());
        appendMinute(event, start, minuteSoFar == null ? ofMinute.total() : minuteSoFar.total());
        event.append(",\"banners\":[");
        for (long bannerId : bannerIds) {
            event.append("{\"banner\":\"")
                    .append(bannerId)
                    .append("\",\"clicks\":")
                    .append(sinceLastTick.get(bannerId, ANY_MINUTE));
            appendMinute(
                    event,
                    start,
                    minuteSoFar == null
                            ? ofMinute.get(bannerId, ANY_MINUTE)
                            : minuteSoFar.named().getOrDefault(bannerId, 0L));
            event.append("},");
        }
        if (!bannerIds.isEmpty()) {
            event.setLength(event.length() - 1);
        }
        return event.append("]}\n\n").toString();
    }

    private static void appendMinute(StringBuilder event, String start, long clicks) {
        event.append(",\"minute\":{\"ts\":\"")
                .append(start)
                .append("\",\"v\":")
                .append(clicks)
                .append('}');
    }

    private void dropSlowListeners() {
        long now = System.nanoTime();
        for (Listener listener : listeners) {
            if (listener.isWriting && now - listener.writesSinceNs > longestWrite.toNanos()) {
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
