package clickcounter.counts;

import clickcounter.shared.EpochMinute;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// Clicks by banner and minute, as three columns of equal length; each pair of banner and minute occurs once.
///
/// @param bannerIds positive
/// @param minutes minutes since 1970 in UTC
/// @param clicks positive; in a correction also negative
@SuppressWarnings("ArrayRecordComponent") // columns as the driver wants them; the last holder owns them
public record Counts(long[] bannerIds, long[] minutes, long[] clicks) {

    /// Receives counts row by row.
    @FunctionalInterface
    public interface Sink {
        void row(long bannerId, long minute, long clicks);
    }

    /// Builds counts row by row.
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

    /// Returns all rows of all parts.
    public static Counts concat(Collection<Counts> parts) {
        var all = new Builder(parts.stream().mapToInt(Counts::size).sum());
        parts.forEach(part -> part.forEach(all::add));
        return all.build();
    }

    /// Returns the rows of `minute` and of later minutes.
    public Counts from(long minute) {
        return where(at -> minutes[at] >= minute);
    }

    /// Returns the rows of the minutes before `minute`.
    public Counts before(long minute) {
        return where(at -> minutes[at] < minute);
    }

    /// Returns the rows with more than 0 clicks.
    public Counts positive() {
        return where(at -> clicks[at] > 0);
    }

    private Counts where(IntPredicate isSelected) {
        int[] selected = IntStream.range(0, size()).filter(isSelected).toArray();
        return selected.length == size()
                ? this
                : new Counts(pick(bannerIds, selected), pick(minutes, selected), pick(clicks, selected));
    }

    private static long[] pick(long[] column, int[] rows) {
        return Arrays.stream(rows).mapToLong(row -> column[row]).toArray();
    }

    /// The months in UTC that contain the minutes.
    public Set<YearMonth> months() {
        var months = new TreeSet<YearMonth>();
        long lastMinute = -1;
        for (long minute : minutes) {
            if (minute != lastMinute) {
                months.add(YearMonth.from(EpochMinute.start(minute).atOffset(ZoneOffset.UTC)));
                lastMinute = minute;
            }
        }
        return months;
    }

    /// The latest minute, or -1 when there are no rows.
    public long newestMinute() {
        return Arrays.stream(minutes).max().orElse(-1);
    }

    /// Executes a statement whose parameters are the three columns, unless there are no rows. A column is one
    /// array: a statement takes at most 65 535 parameters, but an array may have any number of rows.
    void execute(Connection connection, String sql) throws SQLException {
        if (size() == 0) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, bannerIds);
            statement.setObject(2, minutes);
            statement.setObject(3, clicks);
            statement.executeUpdate();
        }
    }

    /// Passes on all rows.
    public void forEach(Sink sink) {
        for (int at = 0; at < size(); at++) {
            sink.row(bannerIds[at], minutes[at], clicks[at]);
        }
    }

    public int size() {
        return bannerIds.length;
    }

    public long totalClicks() {
        return Arrays.stream(clicks).sum();
    }
}
