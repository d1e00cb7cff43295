/// What compute's tests share: the template, NBD servers to boot from, short directories that another user may pass.
@NullMarked
package io.redoubt.compute.lab;

import org.jspecify.annotations.NullMarked;
