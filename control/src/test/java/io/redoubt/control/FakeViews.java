// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.protocol.Attachment;
import io.redoubt.protocol.LiveView;
import io.redoubt.protocol.OpenView;
import io.redoubt.protocol.ViewVolume;
import io.redoubt.protocol.WithoutControl;
import java.util.List;
import java.util.Map;

/// The views of a played node, as a real one tells of them.
final class FakeViews {
    private FakeViews() {}

    static List<LiveView> live(Map<String, OpenView> views, String group) {
        return views.values().stream()
                .filter(view -> view.getGroup().equals(group) && view.hasTerm())
                .map(FakeViews::told)
                .toList();
    }

    private static LiveView told(OpenView view) {
        var live =
                LiveView.newBuilder()
                        .setView(view.getView())
                        .setCut(view.getCut())
                        .setStampMillis(1)
                        .setTerm(view.getTerm())
                        .addAllVolumes(view.getVolumesList());
        if (view.hasWithoutControl()) {
            live.setWithoutControl(view.getWithoutControl());
        }
        return live.build();
    }

    static OpenView brokenGlass(String group, String volume, long term, long cut, String word) {
        return OpenView.newBuilder()
                .setView("view-of-a-person")
                .setGroup(group)
                .setCut(cut)
                .setTerm(term)
                .setWithoutControl(
                        WithoutControl.newBuilder()
                                .setControlIsOff(word)
                                .setAtMillis(System.currentTimeMillis()))
                .addVolumes(
                        ViewVolume.newBuilder()
                                .setVolume(volume)
                                .setViewVolume("disk-of-a-person")
                                .setAttachment(Attachment.newBuilder().setNumber(1).setNonce("n"))
                                .setHolder("a person"))
                .build();
    }
}
