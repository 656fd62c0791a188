/// The aggregator against a real log and a real PostgreSQL.
@NullMarked
package clickcounter.aggregator;

import org.jspecify.annotations.NullMarked;
