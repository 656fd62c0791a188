package clickcounter.query.http;

import clickcounter.shared.http.Problem;
import io.helidon.http.Status;

/// A request that cannot be answered as it is and that the client can correct.
public final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    public Refusal(Problem problem) {
        // The client caused it, so a stack trace would say nothing.
        super(problem.detail(), null, false, false);
        this.problem = problem;
    }

    public Refusal(Status status, String detail) {
        this(new Problem(status, detail));
    }

    /// Returns the answer to the request.
    public Problem problem() {
        return problem;
    }

    public static Refusal badRequest(String detail) {
        return new Refusal(Status.BAD_REQUEST_400, detail);
    }
}
