/// A real PostgreSQL for tests; never shipped.
@NullMarked
package clickcounter.testing;

import org.jspecify.annotations.NullMarked;
