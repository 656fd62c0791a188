/// The dashboard: pages, scripts and styles, sent as static files from the class path.
@NullMarked
package clickcounter.query.dashboard;

import org.jspecify.annotations.NullMarked;
