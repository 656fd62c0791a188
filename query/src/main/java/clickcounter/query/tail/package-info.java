/// The end of the click log: the clicks in memory that the database may not have counted yet.
@NullMarked
package clickcounter.query.tail;

import org.jspecify.annotations.NullMarked;
