/// The aggregator process: the click log into PostgreSQL, minute by minute.
@NullMarked
package clickcounter.aggregator;

import org.jspecify.annotations.NullMarked;
