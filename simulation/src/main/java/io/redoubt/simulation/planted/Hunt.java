// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.simulation.planted;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Plants a bug and runs seeds until one of them fails.
///
/// @param seed    that found it, 0 when it escaped
/// @param symptom what that seed said
public record Hunt(PlantedBug bug, long seed, String symptom) {
    private static final String WORLD = "io.redoubt.simulation.World";

    public boolean caught() {
        return seed > 0;
    }

    /// @throws IllegalStateException when the patch does not apply any more or does not compile
    public static Hunt of(PlantedBug bug, Path root) throws IOException {
        PlantedClasses classes = PlantedClasses.of(bug.patched(root));
        try {
            Class<?> worlds = classes.loadClass(WORLD);
            Method run = worlds.getMethod("run", long.class, boolean.class);
            Object world = world(worlds, bug.world());
            for (long seed = 1; seed <= bug.seeds(); seed++) {
                String symptom = symptom(run, world, seed);
                if (symptom != null) {
                    return new Hunt(bug, seed, symptom);
                }
            }
            return new Hunt(bug, 0, "");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the worlds cannot be loaded anew", e);
        }
    }

    /// Applies and compiles it, no more.
    public static void check(PlantedBug bug, Path root) throws IOException {
        var _ = PlantedClasses.of(bug.patched(root));
    }

    private static Object world(Class<?> worlds, String word) {
        for (Object world : Objects.requireNonNull(worlds.getEnumConstants())) {
            if (world.toString().toLowerCase(Locale.ROOT).equals(word)) {
                return world;
            }
        }
        throw new IllegalStateException("'" + word + "' is not a world");
    }

    private static @Nullable String symptom(Method run, Object world, long seed)
            throws IllegalAccessException {
        try {
            run.invoke(world, seed, false);
            return null;
        } catch (InvocationTargetException e) {
            return String.valueOf(e.getCause() == null ? e : e.getCause().getMessage());
        }
    }
}
