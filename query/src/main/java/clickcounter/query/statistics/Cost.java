package clickcounter.query.statistics;

import clickcounter.counts.Period;
import clickcounter.counts.Step;
import clickcounter.counts.Unit;
import clickcounter.query.http.Refusal;
import clickcounter.query.statistics.StatisticsQuestion.Kind;

/// What an answer may cost at most. It is known from the question alone, before anything is read or made.
///
/// @param bytes memory, from the first row that is read to the last one that is sent
/// @param maxRead how many counts of one unit may be read
/// @param isShort whether the database needs little time for it
record Cost(long bytes, int maxRead, boolean isShort) {
    /// A row while it is read: 24 bytes from the database, which arrive as 48 characters, and 16 bytes when they
    /// are decoded. A row while steps are added up: its start, its end, its sum and copies of them, but by then
    /// what was read is decoded. Both are less than this, even with the 16 bytes of a row of the period with which
    /// this one is compared.
    static final int BYTES_PER_ROW = 128;

    /// A banner with kept clicks while all banners are compared: its places in two hash tables that are half
    /// empty and grow, its id in the question to the database, and its clicks in the answer.
    static final int BYTES_PER_KEPT_BANNER = 400;

    private static final long CHEAP_BYTES = 4 << 20;

    /// A question about the clicks of all banners reads each banner's, so only a short period takes little time.
    private static final long SHORT_MINUTES = Unit.MINUTES_PER_DAY;

    /// How many counts are read at first for an answer that may have very many, but seldom does: a question by
    /// minute for all time is usual. Only if there are more, the question is expensive.
    private static final int FIRST_READ = 20_000;

    /// Returns whether the answer needs little memory and little time.
    boolean isCheap() {
        return isShort && bytes <= CHEAP_BYTES;
    }

    /// Returns what `question` costs at first; [#withMaxRead] is for the case that more must be read.
    ///
    /// @param maxRows how many rows an answer may have
    /// @param keptBanners how many banners may have kept clicks
    ///
    /// **Errors**: [Refusal] if the answer would have more rows.
    static Cost of(StatisticsQuestion question, int maxRows, long keptBanners) throws Refusal {
        Period period = question.period();
        long banners = Math.max(1, question.bannerIds().size());
        boolean isForAll = question.kind() == Kind.TOP || question.kind() == Kind.TOTALS;
        boolean isShort = !isForAll || period.toMinute() - period.fromMinute() <= SHORT_MINUTES;
        long bytes = isForAll ? keptBanners * BYTES_PER_KEPT_BANNER : 0;

        // Minutes without clicks are not rows of the answer, unless all steps are asked for.
        boolean isSparse = !isForAll && period.step() == Step.MINUTE && !question.needsAllSteps();
        long steps = question.compares()
                ? Math.max(period.minSteps(), question.previous().minSteps())
                : period.minSteps();
        long rows = banners * steps;
        if (!isSparse && rows > maxRows) {
            throw tooManyRows(rows, maxRows);
        }
        // To add up steps, some more counts than steps are read.
        long maxRead = isSparse ? Math.min(rows, FIRST_READ) : 2 * rows + FIRST_READ / 2;
        return new Cost(bytes + BYTES_PER_ROW * maxRead, (int) Math.min(Integer.MAX_VALUE, maxRead), isShort);
    }

    /// Returns the cost when up to `more` counts of one unit are read.
    Cost withMaxRead(int more) {
        return new Cost(bytes + (long) BYTES_PER_ROW * Math.max(0, more - maxRead), more, isShort);
    }

    /// @param rows how many rows the answer has at least
    static Refusal tooManyRows(long rows, int maxRows) {
        return Refusal.badRequest("""
                The answer would have at least %d rows, one for each step of each banner; at most %d are allowed. \
                Ask for a shorter time, longer steps or fewer banners.\
                """.formatted(rows, maxRows));
    }
}
