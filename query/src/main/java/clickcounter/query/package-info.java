/// The query process: what PostgreSQL has counted plus the rest of the click log, over HTTP.
@NullMarked
package clickcounter.query;

import org.jspecify.annotations.NullMarked;
