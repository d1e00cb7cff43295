// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.node.storage;

import io.redoubt.compute.guest.Template;
import io.redoubt.compute.guest.tiny.TinyTemplate;
import io.redoubt.core.fault.FaultException;
import io.redoubt.storage.block.BlockImage;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The templates of this node. `tiny` is built when it is first asked for.
public final class TemplateImages {
    private static final String TINY = "tiny";

    private final TinyTemplate builder;
    private @Nullable Template tiny;
    private @Nullable BlockImage image;

    /// @param name  changes with the template's content
    record Found(String name, BlockImage image) {}

    public TemplateImages(Path cache) {
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

    synchronized Found require(String name) {
        if (!name.equals(TINY)) {
            throw new FaultException(new NodeFault.UnknownTemplate(name));
        }
        Template template = tiny();
        BlockImage found = image;
        if (found == null) {
            found = new FileImage(TINY, template.image());
            image = found;
        }
        return new Found(TINY + "-" + template.hash(), found);
    }
}
