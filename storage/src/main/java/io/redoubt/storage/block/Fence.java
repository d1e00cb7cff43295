// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.block;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import io.redoubt.core.port.Disk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The attachment number under which a volume may be used (replication.md, rule 5). It only rises, and survives restarts.
///
/// A raise, in this order: the number is durable; requests of older attachments are refused; their holders are told, and close
/// their connections; the requests in execution have ended; only then [#raise] returns. A crash before the first step's end
/// leaves the old number or the new one, and neither was confirmed as new; after it, the old number is refused for ever.
/// A raise that fails later leaves the older numbers refused and can be repeated with the same number and nonce.
public final class Fence {
    private static final String FILE = "volume.fence";
    private static final String MAGIC = "RDBTFNC1";
    private static final int VERSION = 1;

    /// The number that the volume is at, and who gave it. Zero before the first raise.
    public record Mark(long number, UUID nonce) {}

    private final VolumeId volume;
    private final SmallFile file;
    private final BlockDevice next;
    private final ReentrantLock raising = new ReentrantLock();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private final List<Attachment> attachments = new ArrayList<>(); // guarded by lock
    private Mark mark; // guarded by lock
    private boolean confirmed; // guarded by lock: the mark's raise has drained

    private Fence(VolumeId volume, SmallFile file, BlockDevice next, Mark mark) {
        this.volume = volume;
        this.file = file;
        this.next = next;
        this.mark = mark;
        this.confirmed = true; // nothing of an older process can run: it lost the owner lock
    }

    /// @param disk the volume's own directory
    /// @param next the layer that the attachments reach through the fence
    public static Fence open(Disk disk, VolumeId volume, BlockDevice next) {
        var file = new SmallFile(disk, volume, FILE, MAGIC, VERSION);
        try {
            return new Fence(
                    volume, file, next, file.exists() ? decode(file) : new Mark(0, new UUID(0, 0)));
        } catch (FaultException e) {
            throw VolumeFault.of(volume, 0, e);
        }
    }

    public Mark mark() {
        lock.lock();
        try {
            return mark;
        } finally {
            lock.unlock();
        }
    }

    /// Makes this number the only one that may use the volume. Repeating a confirmed raise does nothing.
    ///
    /// @param patience how long requests of older attachments may take to end
    /// @throws FaultException with [VolumeFault.Fenced] for a lower number, [VolumeFault.NumberTaken] for the same number
    ///     with another nonce, [VolumeFault.DrainStuck] when a request does not end
    public void raise(long number, UUID nonce, Duration patience) {
        raising.lock();
        try {
            if (check(number, nonce)) {
                return;
            }
            if (mark().number() < number) {
                persist(new Mark(number, nonce));
            }
            drain(refuse(new Mark(number, nonce)), number, patience);
        } finally {
            raising.unlock();
        }
    }

    /// A view of the volume for the holder of a number.
    ///
    /// @param superseded called once when a higher number takes over, after new requests are refused and before those in
    ///     execution are waited for: it must cut the connections and interrupt what they wait for, and not wait itself
    ///     for longer than a moment
    /// @throws FaultException with [VolumeFault.Fenced] or [VolumeFault.NotRaised] when the number is not the volume's
    public BlockDevice attach(long number, Runnable superseded) {
        lock.lock();
        try {
            if (number < mark.number()) {
                throw new FaultException(new VolumeFault.Fenced(volume, number, mark.number()));
            }
            if (number > mark.number() || number <= 0 || !confirmed) {
                throw new FaultException(new VolumeFault.NotRaised(volume, number, mark.number()));
            }
            attachments.removeIf(Attachment::isOver);
            var attachment = new Attachment(this, next, number, superseded);
            attachments.add(attachment);
            return attachment;
        } finally {
            lock.unlock();
        }
    }

    VolumeId volume() {
        return volume;
    }

    /// An attachment's last request ended after it was superseded, or its holder closed it.
    void wake() {
        lock.lock();
        try {
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// @return true when there is nothing to do
    private boolean check(long number, UUID nonce) {
        lock.lock();
        try {
            if (number < mark.number() || number <= 0) {
                throw new FaultException(new VolumeFault.Fenced(volume, number, mark.number()));
            }
            if (number == mark.number() && !nonce.equals(mark.nonce())) {
                throw new FaultException(new VolumeFault.NumberTaken(volume, number));
            }
            return number == mark.number() && confirmed;
        } finally {
            lock.unlock();
        }
    }

    private void persist(Mark next) {
        ByteBuffer body = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        body.putLong(next.number());
        body.putLong(next.nonce().getMostSignificantBits());
        body.putLong(next.nonce().getLeastSignificantBits());
        Text.put(body, volume.value());
        try {
            file.replace(body.flip());
        } catch (FaultException e) {
            throw VolumeFault.of(volume, 0, e);
        }
    }

    /// @return every attachment of an older number that may still have requests in execution
    private List<Attachment> refuse(Mark raised) {
        List<Attachment> older = new ArrayList<>();
        lock.lock();
        try {
            mark = raised;
            confirmed = false;
            for (Attachment attachment : attachments) {
                if (attachment.number() < raised.number()) {
                    attachment.supersede(raised.number());
                    older.add(attachment);
                }
            }
        } finally {
            lock.unlock();
        }
        for (Attachment attachment : older) {
            attachment.tellHolder(); // outside the lock: a holder may close its view
        }
        return older;
    }

    private void drain(List<Attachment> older, long number, Duration patience) {
        long left = patience.toNanos();
        lock.lock();
        try {
            int running;
            while ((running = running(older)) > 0) {
                if (left <= 0) {
                    throw new FaultException(
                            new VolumeFault.DrainStuck(
                                    volume, number, running, patience.toMillis()));
                }
                left = ended.awaitNanos(left);
            }
            attachments.removeAll(older);
            confirmed = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new FaultException(
                    new VolumeFault.DrainStuck(volume, number, running(older), patience.toMillis()),
                    e);
        } finally {
            lock.unlock();
        }
    }

    private static int running(List<Attachment> older) {
        return older.stream().mapToInt(Attachment::running).sum();
    }

    private static Mark decode(SmallFile file) {
        ByteBuffer body = file.read();
        var mark = new Mark(body.getLong(), new UUID(body.getLong(), body.getLong()));
        String stored = Text.get(body);
        if (!stored.equals(file.volume().value())) {
            throw new FaultException(
                    new VolumeFault.Different(
                            file.volume(), "the fence of", stored, file.volume().value()));
        }
        return mark;
    }
}
