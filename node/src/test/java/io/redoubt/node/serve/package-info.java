/// `volume serve` in a process of its own, judged by other people's tools.
@NullMarked
package io.redoubt.node.serve;

import org.jspecify.annotations.NullMarked;
