// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.dist.proof;

/// One test as surefire reported it.
///
/// @param type   the simple name of its class
/// @param method without the arguments of a parameterized test; empty when the whole class failed to start
/// @param words  why it failed or did not run, on one line; empty when it passed
record TestCase(String type, String method, Outcome outcome, String words) {

    enum Outcome {
        PASSED,
        FAILED,
        SKIPPED
    }

    String name() {
        return method.isEmpty() ? type : type + "." + method;
    }
}
