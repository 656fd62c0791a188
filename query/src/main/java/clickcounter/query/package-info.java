/// The query process: it puts together the packages below, and answers over HTTP.
@NullMarked
package clickcounter.query;

import org.jspecify.annotations.NullMarked;
