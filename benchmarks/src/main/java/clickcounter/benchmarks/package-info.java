/// Measures the running product against references in the same run: `./run.sh bench`.
@NullMarked
package clickcounter.benchmarks;

import org.jspecify.annotations.NullMarked;
