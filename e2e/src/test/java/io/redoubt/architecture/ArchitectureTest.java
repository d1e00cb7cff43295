// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// The drawing is the rule: a use that is not drawn fails, and so does an arrow or a box that nothing uses.
class ArchitectureTest {
    private static final String ROOT = "io.redoubt.";
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("io.redoubt");

    private final Drawing drawing =
            Drawing.of(
                    Path.of(System.getProperty("redoubt.root", ".."))
                            .resolve("docs/architecture.md"));

    ArchitectureTest() throws IOException {}

    @Test
    void every_package_is_a_box_of_the_drawing_and_every_box_a_package() {
        var packages = new TreeSet<String>();
        for (JavaClass type : CLASSES) {
            packages.add(box(type));
        }
        assertThat(packages).isEqualTo(drawing.boxes());
    }

    @Test
    void every_use_is_an_arrow_of_the_drawing_and_every_arrow_a_use() {
        var uses = new TreeSet<String>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (target.getPackageName().startsWith(ROOT) && !box(target).equals(box(type))) {
                    uses.add(box(type) + " --> " + box(target));
                }
            }
        }
        assertThat(uses).isEqualTo(drawing.arrows());
    }

    @Test
    void nothing_below_the_control_plane_imports_a_framework() {
        Set<String> below = Set.of("core", "storage", "compute", "workflow", "protocol", "node");
        var found = new TreeSet<String>();
        for (JavaClass type : CLASSES) {
            if (below.contains(box(type).split("\\.")[0])) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    if (dependency
                            .getTargetClass()
                            .getPackageName()
                            .startsWith("org.springframework")) {
                        found.add(dependency.getDescription());
                    }
                }
            }
        }
        assertThat(found).isEmpty();
    }

    /// Whoever judges the storage must not be fooled by it.
    @Test
    void the_verdict_uses_nothing_of_redoubt() {
        var found = new TreeSet<String>();
        for (JavaClass type : CLASSES) {
            if (box(type).equals("e2e.verdict")) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    JavaClass target = dependency.getTargetClass().getBaseComponentType();
                    if (target.getPackageName().startsWith(ROOT)
                            && !box(target).equals("e2e.verdict")) {
                        found.add(dependency.getDescription());
                    }
                }
            }
        }
        assertThat(found).isEmpty();
        assertThat(CLASSES).anyMatch(type -> box(type).equals("e2e.verdict"));
    }

    @Test
    void every_package_introduces_itself() {
        var silent = new TreeSet<String>();
        for (JavaClass type : CLASSES) {
            if (type.getPackage().tryGetPackageInfo().isEmpty() && !box(type).equals("protocol")) {
                silent.add(type.getPackageName());
            }
        }
        assertThat(silent).isEmpty();
    }

    /// The box of a class: its package without the common prefix, at most two words deep.
    private static String box(JavaClass type) {
        String[] words = type.getPackageName().substring(ROOT.length()).split("\\.");
        return words.length == 1 ? words[0] : words[0] + "." + words[1];
    }
}
