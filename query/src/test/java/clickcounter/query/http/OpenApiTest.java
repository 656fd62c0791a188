package clickcounter.query.http;

import static org.assertj.core.api.Assertions.assertThat;

import clickcounter.query.Query;
import clickcounter.query.RunningQuery;
import clickcounter.query.live.LiveHandler;
import clickcounter.query.statistics.StatisticsHandler;
import clickcounter.testing.FaultyProxy;
import clickcounter.testing.TestDatabase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/// Tests that the server does what the description of the API and `docs/api.md` say. Operations with the tag
/// `clicks` are not tested here, because ingest answers them.
class OpenApiTest {
    private static final String TIME = "from=2024-03-30T00:00:00Z&to=2024-04-01T00:00:00Z";
    private static final Map<String, String> QUESTIONS = Map.of(
            "/v1/banners/stats/{bannerID}", "/v1/banners/stats/7?compare=previous&fill=zero&step=day&" + TIME,
            "/v1/banners/stats", "/v1/banners/stats?banner=7&compare=previous&step=day&" + TIME,
            "/v1/banners/top", "/v1/banners/top?compare=previous&" + TIME,
            "/v1/banners/totals", "/v1/banners/totals?compare=previous&step=day&" + TIME);
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";
    private static final String JSON = """
            {"from":"2024-03-30T00:00:00Z","to":"2024-04-01T00:00:00Z"}""";

    private static RunningQuery query;
    private static FaultyProxy proxy;
    private static JsonNode description;
    private static String document;

    @BeforeAll
    static void start(@TempDir Path folder) throws IOException, SQLException {
        var database = TestDatabase.create();
        proxy = FaultyProxy.start(database.url());
        query = RunningQuery.start(
                database, proxy.url(database.url()), folder, "SERVICE_MAX_BODY", "4KiB", "STATS_TOKEN", TOKEN);
        query.count(7, "2024-03-30 10:00Z=5", "2024-03-31 10:00Z=7");
        query.count(8, "2024-03-31 10:00Z=2");
        query.aggregator.rollUp(Instant.parse("2024-04-01T00:00:00Z"));
        description = new ObjectMapper()
                .valueToTree(new Yaml().load(query.get("/openapi.yaml").body()));
        document = Files.readString(Path.of(System.getProperty("clickcounter.root"), "docs", "api.md"));
    }

    @AfterAll
    static void stop() {
        query.close();
        proxy.close();
    }

    private record Operation(String path, String method, JsonNode responses) {}

    private static List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        description
                .get("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(method -> {
                    if (method.getValue().has("responses") && !isOfIngest(method.getValue())) {
                        operations.add(new Operation(
                                path.getKey(),
                                method.getKey().toUpperCase(Locale.ROOT),
                                method.getValue().get("responses")));
                    }
                }));
        return operations;
    }

    private static boolean isOfIngest(JsonNode operation) {
        return operation.get("tags").get(0).asText().equals("clicks");
    }

    /// Returns a request that should be answered with `status`.
    private static HttpRequest.Builder request(Operation operation, String status) {
        String question = QUESTIONS.getOrDefault(operation.path, operation.path);
        String path = question.replaceFirst("\\?.*", "");
        if (operation.method.equals("POST")) {
            String body = operation.path.endsWith("/stats") ? JSON.replace("{", "{\"banner\":[7,\"8\"],") : JSON;
            return switch (status) {
                case "200", "503" -> post(path, "application/json", body);
                case "400" -> post(path, "application/json", "{}");
                case "401" -> query.request(path).POST(BodyPublishers.noBody());
                case "406" -> post(path, "application/json", body).header("Accept", "text/html");
                case "413" -> post(path, "application/json", body + " ".repeat(8_192));
                case "415" -> post(path, "text/plain", body);
                default -> throw new AssertionError("no request is known that is answered " + status);
            };
        }
        HttpRequest.Builder request = switch (status) {
            case "200", "503" -> request(question);
            case "304" -> request(question).header("If-None-Match", "*");
            case "400" -> request(path + "?banner=x");
            case "401" -> query.request(question);
            case "406" -> request(question).header("Accept", "text/html");
            default -> throw new AssertionError("no request is known that is answered " + status);
        };
        return request.method(operation.method, BodyPublishers.noBody());
    }

    private static HttpRequest.Builder post(String path, String type, String body) {
        return request(path).header("Content-Type", type).POST(BodyPublishers.ofString(body));
    }

    private static HttpRequest.Builder request(String path) {
        return query.request(path).header("Authorization", "Bearer " + TOKEN);
    }

    @Test
    void describesEveryPathWithAllItsMethods() {
        Set<String> described =
                operations().stream().map(Operation::path).collect(Collectors.toCollection(TreeSet::new));

        assertThat(described).containsAll(StatisticsHandler.PATHS).contains(LiveHandler.PATH, Query.OPEN_API);
        for (String path : described) {
            HttpResponse<String> answer =
                    query.send(request(path.replace("{bannerID}", "7")).method("OPTIONS", BodyPublishers.noBody()));
            assertThat(answer.statusCode()).as(path).isEqualTo(405);
            assertThat(answer.headers().firstValue("Allow").orElseThrow().split(", ", -1))
                    .as(path)
                    .containsExactlyInAnyOrderElementsOf(operations().stream()
                            .filter(operation -> operation.path.equals(path))
                            .map(Operation::method)
                            .toList());
        }
    }

    @Test
    void givesEveryAnswerAsItIsDescribed() throws IOException {
        List<Operation> later = new ArrayList<>();
        for (Operation operation : operations()) {
            if (operation.path.equals(LiveHandler.PATH)) {
                continue;
            }
            for (Map.Entry<String, JsonNode> response : operation.responses.properties()) {
                if (response.getKey().equals("503")) {
                    later.add(operation);
                } else {
                    assertAnswered(operation, response.getKey(), response.getValue());
                }
            }
        }
        assertLiveEventsLookAsDescribed();
        proxy.refuse();
        proxy.cutAll();
        for (Operation operation : later) {
            assertAnswered(operation, "503", operation.responses.get("503"));
        }
        proxy.accept();
    }

    private static void assertAnswered(Operation operation, String status, JsonNode described) throws IOException {
        String where = operation.method + " " + operation.path + " " + status;
        HttpRequest.Builder request = request(operation, status);
        HttpResponse<String> answer = query.send(request);
        assertThat(answer.statusCode()).as("%s: %s", where, answer.body()).isEqualTo(Integer.parseInt(status));
        JsonNode content = resolved(described).path("content");
        if (operation.method.equals("HEAD") || content.isMissingNode()) {
            assertThat(answer.body()).as(where).isEmpty();
            return;
        }
        String type = answer.headers().firstValue("Content-Type").orElseThrow();
        assertThat(content.has(type)).as("%s has %s", where, type).isTrue();
        if (type.endsWith("json")) {
            assertFits(
                    new ObjectMapper().readTree(answer.body()),
                    content.get(type).get("schema"),
                    where);
        }
        if (content.has("text/csv")) {
            HttpResponse<String> csv = query.send(request.header("Accept", "text/csv"));
            assertThat(csv.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/csv");
            String columns = csv.body().lines().findFirst().orElseThrow();
            assertThat(content.get("text/csv").get("schema").get("description").asText())
                    .contains(columns);
        }
    }

    private static void assertLiveEventsLookAsDescribed() throws IOException {
        try (InputStream events =
                query.open(request(LiveHandler.PATH + "?banner=7")).body()) {
            String line = "";
            while (!line.startsWith("data: ")) {
                line = readLine(events);
            }
            assertFits(
                    new ObjectMapper().readTree(line.substring(6)),
                    description.at("/components/schemas/LiveEvent"),
                    "live");
        }
        assertThat(query.send(request(LiveHandler.PATH + "?banner=x")).statusCode())
                .isEqualTo(400);
        assertThat(query.get(LiveHandler.PATH).statusCode()).isEqualTo(401);
    }

    private static String readLine(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int character = in.read(); character != '\n'; character = in.read()) {
            assertThat(character).isNotNegative();
            line.append((char) character);
        }
        return new String(line.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static JsonNode resolved(JsonNode node) {
        return node.has("$ref") ? description.at(node.get("$ref").asText().substring(1)) : node;
    }

    /// Checks what our schemas use: types, fields, items, bounds, patterns.
    private static void assertFits(JsonNode value, JsonNode schemaOrReference, String where) {
        JsonNode schema = resolved(schemaOrReference);
        switch (schema.get("type").asText()) {
            case "object" -> {
                assertThat(value.isObject()).as(where).isTrue();
                schema.path("required")
                        .forEach(name -> assertThat(value.has(name.asText()))
                                .as("%s has %s", where, name)
                                .isTrue());
                value.properties().forEach(field -> {
                    JsonNode known = schema.get("properties").get(field.getKey());
                    assertThat(known)
                            .as("%s describes %s", where, field.getKey())
                            .isNotNull();
                    assertFits(field.getValue(), known, where + "." + field.getKey());
                });
            }
            case "array" -> {
                assertThat(value.isArray()).as(where).isTrue();
                value.forEach(item -> assertFits(item, schema.get("items"), where + "[]"));
            }
            case "integer" -> assertThat(value.isIntegralNumber()).as(where).isTrue();
            case "number" -> assertThat(value.isNumber()).as(where).isTrue();
            default -> {
                assertThat(value.isTextual()).as(where).isTrue();
                if (schema.has("pattern")) {
                    assertThat(value.asText())
                            .as(where)
                            .matches(schema.get("pattern").asText());
                }
                if (schema.path("format").asText().equals("date-time")) {
                    assertThat(Rfc3339.parse(value.asText())).as(where).isPresent();
                }
            }
        }
        if (schema.has("minimum")) {
            assertThat(value.asDouble())
                    .as(where)
                    .isGreaterThanOrEqualTo(schema.get("minimum").asDouble());
        }
        if (schema.has("maximum")) {
            assertThat(value.asDouble())
                    .as(where)
                    .isLessThanOrEqualTo(schema.get("maximum").asDouble());
        }
    }

    @Test
    void everyParameterHeaderAndFieldHasADescriptionAndAnExampleThatFits() {
        Map<String, JsonNode> values = new TreeMap<>();
        collectValues(description, "", values);

        assertThat(values).hasSizeGreaterThan(100);
        values.forEach((where, value) -> {
            assertThat(value.path("description").asText())
                    .as("the description of " + where)
                    .isNotBlank();
            List<JsonNode> examples = new ArrayList<>();
            value.path("examples").forEach(examples::add);
            if (value.has("example")) {
                examples.add(value.get("example"));
            }
            assertThat(examples).as("the examples of " + where).isNotEmpty();
            JsonNode schema = resolved(value.has("schema") ? value.get("schema") : value);
            if (schema.has("type")) {
                examples.forEach(example -> assertFits(example, schema, where));
            }
        });
    }

    /// Collects all parameters, headers, and fields of objects by their place.
    private static void collectValues(JsonNode node, String where, Map<String, JsonNode> values) {
        for (String kind : List.of("parameters", "headers", "properties")) {
            node.path(kind)
                    .properties()
                    .forEach(value -> values.put(where + "/" + value.getKey(), resolved(value.getValue())));
        }
        if (node.path("parameters").isArray()) {
            node.get("parameters")
                    .forEach(value ->
                            values.put(where + "/" + resolved(value).get("name").asText(), resolved(value)));
        }
        node.properties().forEach(child -> collectValues(child.getValue(), where + "/" + child.getKey(), values));
        for (int at = 0; node.isArray() && at < node.size(); at++) {
            collectValues(node.get(at), where + "/" + at, values);
        }
    }

    @Test
    void describesExactlyTheParametersThatTheServerAccepts() {
        for (Operation operation : operations()) {
            JsonNode parameters = operation(operation.path, "get").path("parameters");
            if (operation.method.equals("GET") && operation.path.startsWith("/v1/banners/")) {
                String question = QUESTIONS.getOrDefault(operation.path, operation.path + "?banner=7");
                assertThat(query.send(request(question + "&nonsense=1")).body())
                        .contains("There is no parameter \\\"nonsense\\\" here; ")
                        .contains(" are %s.\"".formatted(String.join(", ", names(parameters, "query"))));
            } else if (operation.method.equals("POST")) {
                JsonNode schema = operation(operation.path, "post").at("/requestBody/content/application~1json/schema");
                assertThat(fields(schema)).as(operation.path).isEqualTo(names(parameters, "query"));
            }
        }
    }

    private static JsonNode operation(String path, String method) {
        return description.get("paths").get(path).get(method);
    }

    private static Set<String> names(Iterable<JsonNode> parameters, String... places) {
        var names = new TreeSet<String>();
        for (JsonNode parameter : parameters) {
            if (List.of(places).contains(resolved(parameter).get("in").asText())) {
                names.add(resolved(parameter).get("name").asText());
            }
        }
        return names;
    }

    private static Set<String> fields(JsonNode schema) {
        var fields = new TreeSet<String>();
        resolved(schema).path("properties").fieldNames().forEachRemaining(fields::add);
        resolved(schema).path("allOf").forEach(part -> fields.addAll(fields(part)));
        return fields;
    }

    @Test
    void theDocumentListsEveryPathWithItsMethods() {
        Map<String, String> described = new TreeMap<>();
        description
                .get("paths")
                .properties()
                .forEach(path -> described.put(
                        path.getKey(),
                        Stream.of("GET", "POST", "HEAD")
                                .filter(method -> path.getValue().has(method.toLowerCase(Locale.ROOT)))
                                .collect(Collectors.joining("`, `", "`", "`"))));

        assertThat(documented("Paths")).isEqualTo(described);
    }

    @Test
    void theDocumentListsEveryParameterStatusAndHeader() {
        JsonNode paths = description.get("paths");
        Set<String> statuses = new TreeSet<>(Set.of("404", "405"));
        paths.findValues("responses")
                .forEach(responses -> responses.fieldNames().forEachRemaining(statuses::add));

        assertThat(documented("Parameters").keySet()).isEqualTo(names(description.findParents("in"), "path", "query"));
        assertThat(documented("Statuses").keySet()).isEqualTo(statuses);
        for (JsonNode headers : paths.findValues("headers")) {
            headers.fieldNames().forEachRemaining(header -> assertThat(document).contains("`" + header + "`"));
        }
    }

    /// The table below a heading of `docs/api.md`: the first column without its backticks, and the second.
    private static Map<String, String> documented(String heading) {
        String section = document.split("\n## " + heading + "\n", 2)[1].split("\n## ", 2)[0];
        return section.lines()
                .filter(line -> line.startsWith("| `"))
                .map(row -> row.split(" \\| ", -1))
                .collect(Collectors.toMap(cells -> cells[0].replaceAll("[|` ]", ""), cells -> cells[1]));
    }

    @Test
    void refersOnlyToWhatItDescribes() {
        List<String> references = new ArrayList<>();
        collectReferences(description, references);

        assertThat(references)
                .isNotEmpty()
                .allSatisfy(reference -> assertThat(
                                description.at(reference.substring(1)).isMissingNode())
                        .as(reference)
                        .isFalse());
        JsonNode components = description.get("components");
        for (Iterator<String> kinds = components.fieldNames(); kinds.hasNext(); ) {
            String kind = kinds.next();
            StreamSupport.stream(((Iterable<String>) () -> components.get(kind).fieldNames()).spliterator(), false)
                    .filter(name -> !name.equals("LiveEvent") && !kind.equals("securitySchemes"))
                    .forEach(name -> assertThat(references)
                            .as("a reference uses it")
                            .contains("#/components/" + kind + "/" + name));
        }
    }

    private static void collectReferences(JsonNode node, List<String> references) {
        if (node.has("$ref")) {
            references.add(node.get("$ref").asText());
        }
        node.forEach(child -> collectReferences(child, references));
    }
}
