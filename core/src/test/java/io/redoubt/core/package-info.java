@NullMarked
package io.redoubt.core;

import org.jspecify.annotations.NullMarked;
