// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The boxes and arrows of the one drawing in `docs/architecture.md`: its mermaid block.
///
/// @param boxes  packages without the common prefix, `storage.journal`
/// @param arrows `storage.replication --> storage.journal`
record Drawing(Set<String> boxes, Set<String> arrows) {
    private static final Pattern BLOCK = Pattern.compile("```mermaid\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern ARROW =
            Pattern.compile("\\s*([a-z0-9.]+)\\s*-->\\s*([a-z0-9. &]+)");
    private static final Pattern BOX = Pattern.compile("\\s*([a-z0-9.]+)\\s*(\\[.*])?\\s*");

    static Drawing of(Path page) throws IOException {
        Matcher block = BLOCK.matcher(Files.readString(page));
        if (!block.find()) {
            throw new IllegalStateException(page + " holds no mermaid block");
        }
        var boxes = new TreeSet<String>();
        var arrows = new TreeSet<String>();
        for (String line : List.of(block.group(1).split("\n"))) {
            Matcher arrow = ARROW.matcher(line);
            Matcher box = BOX.matcher(line);
            if (arrow.matches()) {
                boxes.add(arrow.group(1));
                for (String target : arrow.group(2).split("&")) {
                    boxes.add(target.strip());
                    arrows.add(arrow.group(1) + " --> " + target.strip());
                }
            } else if (box.matches() && !box.group(1).equals("end")) {
                boxes.add(box.group(1));
            }
        }
        return new Drawing(boxes, arrows);
    }
}
