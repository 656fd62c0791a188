/// The counts in PostgreSQL. No other package has SQL for the count tables.
///
/// The aggregator writes with [clickcounter.counts.CountStore], query reads with
/// [clickcounter.counts.BannerCounts], and an audit compares with [clickcounter.counts.CountSnapshot] and repairs
/// with [clickcounter.counts.CountRepair].
@NullMarked
package clickcounter.counts;

import org.jspecify.annotations.NullMarked;
