/// Tests of the three real processes together: started, killed and stopped as an operator would, driven over
/// HTTP.
@NullMarked
package clickcounter.endtoend;

import org.jspecify.annotations.NullMarked;
