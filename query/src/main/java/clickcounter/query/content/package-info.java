/// Content as it is sent: files that stand by, and what tells a client that it has them already.
@NullMarked
package clickcounter.query.content;

import org.jspecify.annotations.NullMarked;
