/// What operators and their tools can ask a process on a port that is not public: whether it is alive, whether it
/// is ready, and what it has done.
@NullMarked
package clickcounter.shared.admin;

import org.jspecify.annotations.NullMarked;
