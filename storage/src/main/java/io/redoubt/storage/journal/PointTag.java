// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.List;

/// What is said of a point besides its writes. It travels and is kept as the text of [RecoveryPoint#name].
///
/// A tag that is nothing but a name is that name, as in every journal so far. One that says more begins with a question mark, which no
/// name does, and goes on as a web form: `?name=before&consistency=application&by=owner`, and `failed=MACHINE+REASON` for each machine
/// whose file systems were not frozen, and `order=ID`. Fields that a later version adds are skipped.
///
/// @param name        a user's word for it, empty for none
/// @param consistency of what the guests keep on their disks
/// @param by          who asked for it, empty for the periodic ones
/// @param failures    why it is not consistent for applications, where that was asked for
/// @param order       the wish that it was cut for: there is one point of each. Empty for the periodic ones
public record PointTag(
        String name, Consistency consistency, String by, List<Failure> failures, String order) {
    public static final PointTag NONE = new PointTag("", Consistency.CRASH, "", List.of(), "");

    private static final String MARK = "?";
    private static final int FAILURES_MAX = 16;
    private static final int REASON_CHARS_MAX = 200;

    /// What a guest finds in the point.
    public enum Consistency {
        /// Its disks as after a loss of power.
        CRASH,
        /// Its file systems complete and at rest.
        APPLICATION
    }

    /// A machine that was not frozen.
    ///
    /// @param reason cut short when it is long
    public record Failure(String machine, String reason) {
        public Failure {
            reason = reason.substring(0, Math.min(reason.length(), REASON_CHARS_MAX));
        }
    }

    /// Of very many failures the first are kept.
    public PointTag {
        failures = List.copyOf(failures.subList(0, Math.min(failures.size(), FAILURES_MAX)));
        if (name.startsWith(MARK)) {
            throw new IllegalArgumentException("no name begins with a question mark: " + name);
        }
        if (consistency == Consistency.APPLICATION && !failures.isEmpty()) {
            throw new IllegalArgumentException("with failures it is no better than a crash");
        }
    }

    /// Never fails: a text that says something else than we know is a name.
    public static PointTag parse(String text) {
        if (!text.startsWith(MARK)) {
            return new PointTag(text, Consistency.CRASH, "", List.of(), "");
        }
        String name = "";
        String by = "";
        String order = "";
        var consistency = Consistency.CRASH;
        var failures = new ArrayList<Failure>();
        for (String field : text.substring(1).split("&")) {
            int equals = field.indexOf('=');
            String value = equals < 0 ? "" : decoded(field.substring(equals + 1));
            switch (equals < 0 ? "" : field.substring(0, equals)) {
                case "name" -> name = value;
                case "by" -> by = value;
                case "order" -> order = value;
                case "consistency" ->
                        consistency =
                                value.equals("application")
                                        ? Consistency.APPLICATION
                                        : Consistency.CRASH;
                case "failed" -> {
                    int space = value.indexOf(' ');
                    failures.add(
                            space < 0
                                    ? new Failure(value, "")
                                    : new Failure(
                                            value.substring(0, space), value.substring(space + 1)));
                }
                default -> {}
            }
        }
        return new PointTag(
                name.startsWith(MARK) ? "" : name,
                failures.isEmpty() ? consistency : Consistency.CRASH,
                by,
                failures,
                order);
    }

    /// As it turned out after the cut.
    public PointTag with(Consistency proved, List<Failure> known) {
        return new PointTag(name, proved, by, known, order);
    }

    private static String decoded(String value) {
        try {
            return URLDecoder.decode(value, UTF_8);
        } catch (IllegalArgumentException _) {
            return value;
        }
    }

    public boolean named() {
        return !name.isEmpty();
    }

    /// What travels.
    public String text() {
        if (equals(new PointTag(name, Consistency.CRASH, "", List.of(), ""))) {
            return name;
        }
        var text = new StringBuilder(MARK);
        append(text, "name", name);
        append(
                text,
                "consistency",
                consistency == Consistency.APPLICATION ? "application" : "crash");
        append(text, "by", by);
        append(text, "order", order);
        failures.forEach(f -> append(text, "failed", f.machine() + " " + f.reason()));
        return text.toString();
    }

    private static void append(StringBuilder text, String field, String value) {
        if (!value.isEmpty()) {
            text.append(text.length() == 1 ? "" : "&")
                    .append(field)
                    .append('=')
                    .append(URLEncoder.encode(value, UTF_8));
        }
    }
}
