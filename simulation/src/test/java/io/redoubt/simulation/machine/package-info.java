@NullMarked
package io.redoubt.simulation.machine;

import org.jspecify.annotations.NullMarked;
