package clickcounter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the documents name exists: files, headings, classes and tests.
final class DocumentsTest {
    private static final Path ROOT = Path.of(System.getProperty("clickcounter.root"));
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]*)(?:#([^)]*))?\\)");
    private static final Pattern PATH =
            Pattern.compile("(?:(?<![\\w./-])|/opt/click-counter/)([\\w-]+/[\\w./-]*[\\w/])");
    private static final Pattern CLASS = Pattern.compile("`((?:[A-Z][a-z]+){2,})`");
    private static final Pattern TEST = Pattern.compile("\\b([A-Z]\\w+Test)\\b|[`#]([a-z]+[A-Z0-9]\\w*)([`*])|\\R");

    private final List<String> missing = new ArrayList<>();

    @AfterEach
    void nothingIsMissing() {
        assertThat(missing).isEmpty();
    }

    @Test
    void everyLinkLeadsToAFileAndAHeading() throws IOException {
        for (Path document : documents()) {
            for (MatchResult link : matches(LINK, document)) {
                Path target = link.group(1).isEmpty() ? document : document.resolveSibling(link.group(1));
                boolean isThere = Files.exists(target)
                        && (link.group(2) == null || headings(target).contains(link.group(2)));
                require(isThere, document, link.group());
            }
        }
    }

    @Test
    void everyPathThatBeginsWithAFolderOfTheProjectExists() throws IOException {
        for (Path document : documents()) {
            for (MatchResult match : matches(PATH, document)) {
                String path = match.group(1);
                boolean isOurs = Files.isDirectory(ROOT.resolve(path.split("/", 2)[0])) && !path.contains("target/");
                require(!isOurs || Files.exists(ROOT.resolve(path)), document, path);
            }
        }
    }

    @Test
    void everyClassAndEveryAlertExists() throws IOException {
        Map<String, String> classes = classes();
        String alerts = Files.readString(ROOT.resolve("config/monitoring/alerts.yml"));
        for (Path document : documents()) {
            for (MatchResult match : matches(CLASS, document)) {
                String name = match.group(1);
                require(classes.containsKey(name) || alerts.contains("alert: " + name + "\n"), document, name);
            }
        }
    }

    /// A method is looked for in the test class that the same line names before it.
    @Test
    void everyTestThatProvesAPromiseExists() throws IOException {
        Path document = ROOT.resolve("RELIABILITY.md");
        Map<String, String> classes = classes();
        String source = "";
        for (MatchResult match : matches(TEST, document)) {
            if (match.group(1) != null) {
                require(classes.containsKey(match.group(1)), document, match.group(1));
                source = classes.getOrDefault(match.group(1), "");
            } else if (match.group(2) == null) {
                source = "";
            } else if (!source.isEmpty()) {
                String method = "void " + match.group(2) + (match.group(3).equals("*") ? "" : "(");
                require(source.contains(method), document, method);
            }
        }
    }

    private void require(boolean isThere, Path document, String name) {
        if (!isThere) {
            missing.add(name(document) + " names " + name);
        }
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>();
        for (Path folder : List.of(ROOT, ROOT.resolve("docs"))) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
            }
        }
        return documents;
    }

    /// The sources of all classes by their names; AdminTest and others exist in several modules.
    private static Map<String, String> classes() throws IOException {
        Map<String, String> classes = new HashMap<>();
        try (Stream<Path> files =
                Files.find(ROOT, 20, (file, _) -> file.toString().endsWith(".java"))) {
            for (Path file : files.toList()) {
                classes.merge(name(file).replace(".java", ""), Files.readString(file), String::concat);
            }
        }
        return classes;
    }

    /// The names under which GitHub links to the headings.
    private static List<String> headings(Path document) throws IOException {
        return Files.readAllLines(document).stream()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("#+ ", "")
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w -]", "")
                        .replace(' ', '-'))
                .toList();
    }

    private static List<MatchResult> matches(Pattern pattern, Path document) throws IOException {
        return pattern.matcher(Files.readString(document)).results().toList();
    }

    private static String name(Path document) {
        return document.getFileName().toString();
    }
}
