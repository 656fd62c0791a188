/// The click log: everything about opening, appending to and reading it. All processes and tests use this and
/// nothing else of Chronicle Queue.
@NullMarked
package clickcounter.shared.log;

import org.jspecify.annotations.NullMarked;
