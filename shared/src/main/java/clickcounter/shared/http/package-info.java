/// What the HTTP servers of all processes have in common: the listener and its limits, what happens around each
/// request, error answers, banner ids in paths, and the health check.
@NullMarked
package clickcounter.shared.http;

import org.jspecify.annotations.NullMarked;
