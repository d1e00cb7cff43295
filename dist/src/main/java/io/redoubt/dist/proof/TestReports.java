// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

import io.redoubt.dist.proof.TestCase.Outcome;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/// Surefire's reports of all modules: `MODULE/target/surefire-reports/TEST-*.xml`.
final class TestReports {
    private static final int WORDS_MAX = 300;

    private TestReports() {}

    static List<TestCase> under(Path root) throws IOException {
        var cases = new ArrayList<TestCase>();
        try (DirectoryStream<Path> modules = Files.newDirectoryStream(root, Files::isDirectory)) {
            for (Path module : modules) {
                Path reports = module.resolve("target/surefire-reports");
                if (Files.isDirectory(reports)) {
                    try (DirectoryStream<Path> files =
                            Files.newDirectoryStream(reports, "TEST-*.xml")) {
                        for (Path file : files) {
                            cases.addAll(read(file));
                        }
                    }
                }
            }
        }
        return cases;
    }

    /// @throws IOException when the file is not a report; a JVM that died while writing leaves such a file
    static List<TestCase> read(Path file) throws IOException {
        NodeList elements;
        try {
            var factory = DocumentBuilderFactory.newDefaultInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            var reader = factory.newDocumentBuilder();
            reader.setErrorHandler(new DefaultHandler()); // throws, where the built-in one prints
            elements = reader.parse(file.toFile()).getElementsByTagName("testcase");
        } catch (ParserConfigurationException | SAXException e) {
            throw new IOException(file + " is not a readable test report: " + e.getMessage(), e);
        }
        var cases = new ArrayList<TestCase>();
        for (int i = 0; i < elements.getLength(); i++) {
            cases.add(read((Element) elements.item(i)));
        }
        return cases;
    }

    private static TestCase read(Element element) {
        String type = element.getAttribute("classname");
        String simple = type.substring(type.lastIndexOf('.') + 1).replaceFirst(".*\\$", "");
        String method = element.getAttribute("name").replaceFirst("[({\\[ ].*", "");
        Outcome outcome = Outcome.PASSED;
        String words = "";
        for (String tag : List.of("failure", "error", "skipped")) {
            NodeList found = element.getElementsByTagName(tag);
            if (found.getLength() > 0) {
                outcome = tag.equals("skipped") ? Outcome.SKIPPED : Outcome.FAILED;
                words = words((Element) found.item(0));
            }
        }
        return new TestCase(simple, method, outcome, words);
    }

    private static String words(Element why) {
        String message = why.getAttribute("message");
        String text = message.isBlank() ? why.getTextContent() : message;
        String joined =
                text.lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty() && !line.startsWith("at "))
                        .collect(Collectors.joining(" "));
        return joined.isEmpty()
                ? "no reason was given"
                : joined.substring(0, Math.min(WORDS_MAX, joined.length()));
    }
}
