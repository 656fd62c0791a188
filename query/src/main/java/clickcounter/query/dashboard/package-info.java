/// The pages that show the statistics in a browser: static files, sent from the class path.
@NullMarked
package clickcounter.query.dashboard;

import org.jspecify.annotations.NullMarked;
