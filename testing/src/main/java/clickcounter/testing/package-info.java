/// The one harness of all tests and benchmarks: a real PostgreSQL, real processes of ours, nginx, and faults;
/// never shipped.
@NullMarked
package clickcounter.testing;

import org.jspecify.annotations.NullMarked;
