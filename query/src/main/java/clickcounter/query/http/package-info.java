/// What every HTTP answer of query is made with: reading parameters, refusing, entity tags, static files.
@NullMarked
package clickcounter.query.http;

import org.jspecify.annotations.NullMarked;
