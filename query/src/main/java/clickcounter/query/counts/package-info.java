/// Counts in time: the steps of a question, and how they are put together from minutes, hours, days and months.
/// Knows neither HTTP nor SQL.
@NullMarked
package clickcounter.query.counts;

import org.jspecify.annotations.NullMarked;
