/// Tests of the real processes together, which are started, killed and stopped as by an operator and driven over
/// HTTP.
@NullMarked
package clickcounter.endtoend;

import org.jspecify.annotations.NullMarked;
