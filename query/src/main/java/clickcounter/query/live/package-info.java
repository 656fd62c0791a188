/// The live stream: one server-sent event per second with the clicks of that second.
@NullMarked
package clickcounter.query.live;

import org.jspecify.annotations.NullMarked;
