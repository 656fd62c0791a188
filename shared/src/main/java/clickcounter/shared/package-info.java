/// What all processes share: settings, logging, the life of a process, and minutes; in the packages below, the
/// click log, the HTTP listener, and health and metrics. Nothing here knows SQL, or what becomes of a click.
@NullMarked
package clickcounter.shared;

import org.jspecify.annotations.NullMarked;
