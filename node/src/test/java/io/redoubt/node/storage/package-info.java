/// What a node keeps for the region, on simulated disks.
@NullMarked
package io.redoubt.node.storage;

import org.jspecify.annotations.NullMarked;
