/// Statistics: the counts in the database plus the clicks of the log after them, and how they are sent over HTTP.
@NullMarked
package clickcounter.query.statistics;

import org.jspecify.annotations.NullMarked;
