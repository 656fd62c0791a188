/// What operators and their tools ask a process on a port that is not public: does it live, is it ready, what
/// has it done.
@NullMarked
package clickcounter.shared.admin;

import org.jspecify.annotations.NullMarked;
