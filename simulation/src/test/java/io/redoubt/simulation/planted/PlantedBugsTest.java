// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.planted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Rule 45: what the simulation is worth is what it finds.
class PlantedBugsTest {
    /// Held, because a logger that nobody holds forgets its level.
    private static final Logger STORAGE = Logger.getLogger("io.redoubt.storage");

    static {
        STORAGE.setLevel(Level.OFF);
    }

    private static final Path ROOT = Path.of(System.getProperty("redoubt.root", ".."));
    private static final long QUICK_SEEDS = 50;

    static Stream<PlantedBug> all() throws IOException {
        return PlantedBug.all(ROOT).stream();
    }

    static Stream<PlantedBug> quick() throws IOException {
        return all().filter(bug -> bug.seeds() <= QUICK_SEEDS);
    }

    static Stream<PlantedBug> slow() throws IOException {
        return all().filter(bug -> bug.seeds() > QUICK_SEEDS);
    }

    @ParameterizedTest
    @MethodSource("all")
    void every_patch_still_applies_and_compiles(PlantedBug bug) throws IOException {
        Hunt.check(bug, ROOT);
    }

    @ParameterizedTest
    @MethodSource("quick")
    void a_bug_is_found_within_its_seeds(PlantedBug bug) throws IOException {
        require(bug);
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("slow")
    void a_rare_bug_is_found_within_its_seeds(PlantedBug bug) throws IOException {
        require(bug);
    }

    private static void require(PlantedBug bug) throws IOException {
        Hunt hunt = Hunt.of(bug, ROOT);
        System.out.printf("%s: seed %d: %s%n", bug.name(), hunt.seed(), hunt.symptom());
        assertThat(hunt.caught()).as("'%s' within %d seeds", bug.name(), bug.seeds()).isTrue();
    }

    @Test
    void a_patch_whose_lines_have_changed_is_refused() {
        var bug =
                new PlantedBug(
                        "gone",
                        "group",
                        1,
                        Map.of(
                                "simulation/pom.xml",
                                List.of("@@ -1 +1 @@", "-a line that is not there", "+other")));
        assertThatThrownBy(() -> Hunt.check(bug, ROOT))
                .hasMessageContaining("does not apply to simulation/pom.xml");
    }
}
