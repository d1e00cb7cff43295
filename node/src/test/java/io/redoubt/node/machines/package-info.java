/// The machines of a node.
@NullMarked
package io.redoubt.node.machines;

import org.jspecify.annotations.NullMarked;
