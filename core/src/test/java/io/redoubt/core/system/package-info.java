/// The real drivers, judged on a real directory.
@NullMarked
package io.redoubt.core.system;

import org.jspecify.annotations.NullMarked;
