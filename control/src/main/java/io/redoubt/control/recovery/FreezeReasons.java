// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.protocol.FreezeFailure;
import java.util.ArrayList;
import java.util.List;

/// Why machines were not frozen for a point, as the database keeps it: machine, reason, machine, reason, ….
final class FreezeReasons {
    private FreezeReasons() {}

    static String[] kept(List<FreezeFailure> failures) {
        var texts = new ArrayList<String>();
        for (FreezeFailure failure : failures) {
            texts.add(failure.getMachine());
            texts.add(failure.getReason());
        }
        return texts.toArray(String[]::new);
    }

    static List<FreezeFailure> told(String[] texts) {
        var failures = new ArrayList<FreezeFailure>();
        for (int i = 0; i + 1 < texts.length; i += 2) {
            failures.add(
                    FreezeFailure.newBuilder()
                            .setMachine(texts[i])
                            .setReason(texts[i + 1])
                            .build());
        }
        return failures;
    }
}
