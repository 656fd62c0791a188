package clickcounter.counts;

import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// Clicks for pairs of banner and minute, as three columns of equal length; no pair stands twice.
///
/// @param bannerIds positive
/// @param minutes whole minutes since 1970 in UTC
/// @param clicks positive; in a correction also negative
@SuppressWarnings("ArrayRecordComponent") // columns as the driver wants them; whoever has them last owns them
public record Counts(long[] bannerIds, long[] minutes, long[] clicks) {

    /// Takes counts row by row.
    @FunctionalInterface
    public interface Sink {
        void row(long bannerId, long minute, long clicks);
    }

    /// Collects counts row by row.
    ///
    /// **Threads**: one.
    public static final class Builder {
        private long[] bannerIds;
        private long[] minutes;
        private long[] clicks;
        private int size;

        public Builder(int expectedRows) {
            bannerIds = new long[expectedRows];
            minutes = new long[expectedRows];
            clicks = new long[expectedRows];
        }

        public void add(long bannerId, long minute, long clickCount) {
            if (size == bannerIds.length) {
                int larger = Math.max(16, size * 2);
                bannerIds = Arrays.copyOf(bannerIds, larger);
                minutes = Arrays.copyOf(minutes, larger);
                clicks = Arrays.copyOf(clicks, larger);
            }
            bannerIds[size] = bannerId;
            minutes[size] = minute;
            clicks[size] = clickCount;
            size++;
        }

        public Counts build() {
            return new Counts(
                    Arrays.copyOf(bannerIds, size), Arrays.copyOf(minutes, size), Arrays.copyOf(clicks, size));
        }
    }

    /// All rows of all parts.
    public static Counts concat(Iterable<Counts> parts) {
        int rows = 0;
        for (Counts part : parts) {
            rows += part.size();
        }
        var bannerIds = new long[rows];
        var minutes = new long[rows];
        var clicks = new long[rows];
        int at = 0;
        for (Counts part : parts) {
            System.arraycopy(part.bannerIds, 0, bannerIds, at, part.size());
            System.arraycopy(part.minutes, 0, minutes, at, part.size());
            System.arraycopy(part.clicks, 0, clicks, at, part.size());
            at += part.size();
        }
        return new Counts(bannerIds, minutes, clicks);
    }

    /// The rows of that minute and of later ones.
    public Counts from(long minute) {
        return where(at -> minutes[at] >= minute);
    }

    /// The rows of the minutes before that one.
    public Counts before(long minute) {
        return where(at -> minutes[at] < minute);
    }

    /// The rows with more than 0 clicks.
    public Counts positive() {
        return where(at -> clicks[at] > 0);
    }

    private Counts where(IntPredicate isMeant) {
        int meant = (int) IntStream.range(0, size()).filter(isMeant).count();
        if (meant == size()) {
            return this;
        }
        var rows = new Builder(meant);
        for (int at = 0; at < size(); at++) {
            if (isMeant.test(at)) {
                rows.add(bannerIds[at], minutes[at], clicks[at]);
            }
        }
        return rows.build();
    }

    /// The months, in UTC, that the minutes are in.
    public Set<YearMonth> months() {
        var months = new TreeSet<YearMonth>();
        long lastMinute = -1;
        for (long minute : minutes) {
            if (minute != lastMinute) {
                months.add(YearMonth.from(Instant.ofEpochSecond(minute * 60).atOffset(ZoneOffset.UTC)));
                lastMinute = minute;
            }
        }
        return months;
    }

    /// The latest minute, or -1 when there is none.
    public long newestMinute() {
        return Arrays.stream(minutes).max().orElse(-1);
    }

    public int size() {
        return bannerIds.length;
    }

    public long totalClicks() {
        return Arrays.stream(clicks).sum();
    }
}
