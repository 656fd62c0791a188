/// The process that runs the whole service: it holds the embedded database, and starts the other processes again
/// when they end.
@NullMarked
package clickcounter.supervisor;

import org.jspecify.annotations.NullMarked;
