/// The ingest process: HTTP requests into the click log. It knows no database.
@NullMarked
package clickcounter.ingest;

import org.jspecify.annotations.NullMarked;
