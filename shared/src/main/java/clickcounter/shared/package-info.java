/// What all processes share: settings, logging, the life of a process, and minutes. The packages below add the
/// click log, the HTTP listener, and health and metrics. Nothing here knows SQL, or what a process does with a
/// click.
@NullMarked
package clickcounter.shared;

import org.jspecify.annotations.NullMarked;
