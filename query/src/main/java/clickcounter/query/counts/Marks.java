package clickcounter.query.counts;

/// How the database keeps its counts at a moment, in minutes since 1970.
///
/// @param rolledUntil the minutes before it are summed up by hour, day and month; its own hour, day and month
/// hold
///     what is before it
/// @param minutesSince the minutes before it were dropped; only the sums hold their clicks
public record Marks(long rolledUntil, long minutesSince) {
    /// Nothing is summed up, nothing was dropped.
    public static final Marks NONE = new Marks(0, 0);
}
