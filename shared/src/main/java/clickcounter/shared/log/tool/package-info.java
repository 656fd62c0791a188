/// `./run.sh log`: looking into the click log, and releasing its lock. Nothing here disturbs those who write
/// it.
@NullMarked
package clickcounter.shared.log.tool;

import org.jspecify.annotations.NullMarked;
