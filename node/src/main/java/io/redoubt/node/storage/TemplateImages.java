// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.compute.guest.Template;
import io.redoubt.compute.guest.tiny.TinyTemplate;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The templates of this node. `tiny` is built when it is first asked for.
public final class TemplateImages {
    private static final String TINY = "tiny";

    private final TinyTemplate builder;
    private @Nullable Template tiny;
    private final Path templates;
    private final Map<String, BlockImage> images = new HashMap<>();

    /// @param name  changes with the template's content
    record Found(String name, BlockImage image) {}

    public TemplateImages(Path cache) {
        this.templates = cache.resolve("templates");
        this.builder =
                new TinyTemplate(
                        cache,
                        line -> System.getLogger("template").log(System.Logger.Level.INFO, line));
    }

    /// The template itself; its kernel serves the choice of the accelerator.
    public synchronized Template tiny() {
        Template found = tiny;
        if (found == null) {
            found = builder.require();
            tiny = found;
        }
        return found;
    }

    /// @param name `tiny` for the one of today, or the exact name that an earlier answer gave
    synchronized Found require(String name) {
        String exact = name.equals(TINY) ? TINY + "-" + tiny().hash() : name;
        Path file = templates.resolve(exact).resolve("image.raw");
        if (!exact.startsWith(TINY + "-") || exact.contains("/") || !Files.exists(file)) {
            throw new FaultException(new NodeFault.UnknownTemplate(name));
        }
        return new Found(exact, images.computeIfAbsent(exact, _ -> new FileImage(TINY, file)));
    }
}
