/// The click log: opening it, appending to it, reading it, deleting its old files. This is the only package that
/// uses Chronicle Queue.
@NullMarked
package clickcounter.shared.log;

import org.jspecify.annotations.NullMarked;
