/// Tests of the verdict: serial logs as guests write them, torn and noisy, and every promise broken once.
@NullMarked
package io.redoubt.e2e.verdict;

import org.jspecify.annotations.NullMarked;
