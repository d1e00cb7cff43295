@NullMarked
package io.redoubt.core.grant;

import org.jspecify.annotations.NullMarked;
