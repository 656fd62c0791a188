package clickcounter.query;

import clickcounter.shared.http.Problem;
import io.helidon.http.Status;

/// A request cannot be answered as it is, and the client can mend it.
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    Refusal(Problem problem) {
        // The client's doing; a stack trace would say nothing.
        super(problem.detail(), null, false, false);
        this.problem = problem;
    }

    Refusal(Status status, String detail) {
        this(new Problem(status, detail));
    }

    Problem problem() {
        return problem;
    }

    static Refusal badRequest(String detail) {
        return new Refusal(Status.BAD_REQUEST_400, detail);
    }
}
