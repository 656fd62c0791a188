/// What all processes share: the click log, settings, logging and the life of a process. No HTTP handler, no
/// SQL.
@NullMarked
package clickcounter.shared;

import org.jspecify.annotations.NullMarked;
