// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.storage.atrest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.redoubt.core.VolumeId;
import io.redoubt.core.fault.FaultException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class XtsTest {
    private static final VolumeId ID = new VolumeId("vol-7");

    /// Vectors 10 and 14 of IEEE 1619: XTS-AES-256, a data unit of 512 bytes that count up.
    @Test
    void the_vectors_of_the_standard_come_out() {
        assertVector(
                0xff,
                "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b"
                        + "5d31e276f8fe4a8d66b317f9ac683f44680a86ac35adfc3345befecb4bb188fd"
                        + "5776926c49a3095eb108fd1098baec70aaa66999a72a82f27d848b21d4a741b0"
                        + "c5cd4d5fff9dac89aeba122961d03a757123e9870f8acf1000020887891429ca"
                        + "2a3e7a7d7df7b10355165c8b9a6d0a7de8b062c4500dc4cd120c0f7418dae3d0"
                        + "b5781c34803fa75421c790dfe1de1834f280d7667b327f6c8cd7557e12ac3a0f"
                        + "93ec05c52e0493ef31a12d3d9260f79a289d6a379bc70c50841473d1a8cc81ec"
                        + "583e9645e07b8d9670655ba5bbcfecc6dc3966380ad8fecb17b6ba02469a020a"
                        + "84e18e8f84252070c13e9f1f289be54fbc481457778f616015e1327a02b140f1"
                        + "505eb309326d68378f8374595c849d84f4c333ec4423885143cb47bd71c5edae"
                        + "9be69a2ffeceb1bec9de244fbe15992b11b77c040f12bd8f6a975a44a0f90c29"
                        + "a9abc3d4d893927284c58754cce294529f8614dcd2aba991925fedc4ae74ffac"
                        + "6e333b93eb4aff0479da9a410e4450e0dd7ae4c6e2910900575da401fc07059f"
                        + "645e8b7e9bfdef33943054ff84011493c27b3429eaedb4ed5376441a77ed4385"
                        + "1ad77f16f541dfd269d50d6a5f14fb0aab1cbb4c1550be97f7ab4066193c4caa"
                        + "773dad38014bd2092fa755c824bb5e54c4f36ffda9fcea70b9c6e693e148c151");
        assertVector(
                0xffffffffffL,
                "64497e5a831e4a932c09be3e5393376daa599548b816031d224bbf50a818ed23"
                        + "50eae7e96087c8a0db51ad290bd00c1ac1620857635bf246c176ab463be30b80"
                        + "8da548081ac847b158e1264be25bb0910bbc92647108089415d45fab1b3d2604"
                        + "e8a8eff1ae4020cfa39936b66827b23f371b92200be90251e6d73c5f86de5fd4"
                        + "a950781933d79a28272b782a2ec313efdfcc0628f43d744c2dc2ff3dcb66999b"
                        + "50c7ca895b0c64791eeaa5f29499fb1c026f84ce5b5c72ba1083cddb5ce45434"
                        + "631665c333b60b11593fb253c5179a2c8db813782a004856a1653011e93fb6d8"
                        + "76c18366dd8683f53412c0c180f9c848592d593f8609ca736317d356e13e2bff"
                        + "3a9f59cd9aeb19cd482593d8c46128bb32423b37a9adfb482b99453fbe25a41b"
                        + "f6feb4aa0bef5ed24bf73c762978025482c13115e4015aac992e5613a3b5c2f6"
                        + "85b84795cb6e9b2656d8c88157e52c42f978d8634c43d06fea928f2822e465aa"
                        + "6576e9bf419384506cc3ce3c54ac1a6f67dc66f3b30191e698380bc999b05abc"
                        + "e19dc0c6dcc2dd001ec535ba18deb2df1a101023108318c75dc98611a09dc48a"
                        + "0acdec676fabdf222f07e026f059b672b56e5cbc8e1d21bbd867dd9272120546"
                        + "81d70ea737134cdfce93b6f82ae22423274e58a0821cc5502e2d0ab4585e94de"
                        + "6975be5e0b4efce51cd3e70c25a1fbbbd609d273ad5b0d59631c531f6a0a57b9");
    }

    private static void assertVector(long unit, String ciphertext) {
        byte[] key =
                HexFormat.of()
                        .parseHex(
                                "2718281828459045235360287471352662497757247093699959574966967627"
                                        + "3141592653589793238462643383279502884197169399375105820974944592");
        byte[] plain = new byte[512];
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) i;
        }
        var xts = new Xts(ID, key);
        Xts.Lane lane = xts.borrow();
        byte[] out = new byte[512];
        lane.encrypt(unit, MemorySegment.ofArray(plain), MemorySegment.ofArray(out));
        assertThat(HexFormat.of().formatHex(out)).isEqualTo(ciphertext);
        lane.decrypt(unit, MemorySegment.ofArray(out), MemorySegment.ofArray(out));
        assertThat(out).isEqualTo(plain);
        xts.giveBack(lane);
        xts.wipe();
    }

    /// The oracle is the standard's own definition over the JDK's AES, one block of 16 bytes after the other.
    @Test
    void units_of_every_length_come_out_as_plain_aes_makes_them() throws Exception {
        var random = new SplittableRandom(7);
        try (Arena arena = Arena.ofConfined()) {
            for (int length = 512; length <= 4096; length += 512) {
                byte[] key = bytes(random, 64);
                byte[] plain = bytes(random, length);
                long unit = random.nextLong() >>> 12;
                var xts = new Xts(ID, key);
                Xts.Lane lane = xts.borrow();
                MemorySegment memory = arena.allocate(length);
                memory.copyFrom(MemorySegment.ofArray(plain));
                lane.encrypt(unit, memory, memory);
                byte[] expected = plainXts(key, unit, plain);
                assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
                lane.decrypt(unit, memory, memory);
                assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(plain);
                xts.giveBack(lane);
                xts.wipe();
            }
        }
    }

    @Test
    void many_threads_at_once_get_what_one_alone_gets() throws Exception {
        var random = new SplittableRandom(8);
        byte[] key = bytes(random, 64);
        byte[] plain = bytes(random, 4096);
        byte[][] expected = new byte[50][];
        for (int unit = 0; unit < expected.length; unit++) {
            expected[unit] = plainXts(key, unit, plain);
        }
        var xts = new Xts(ID, key);
        try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
            Future<?>[] all = new Future<?>[4];
            for (int t = 0; t < all.length; t++) {
                all[t] = pool.submit(() -> encryptAll(xts, plain, expected));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        xts.wipe();
    }

    private static void encryptAll(Xts xts, byte[] plain, byte[][] expected) {
        byte[] out = new byte[plain.length];
        for (int round = 0; round < 40; round++) {
            for (int unit = 0; unit < expected.length; unit++) {
                Xts.Lane lane = xts.borrow();
                lane.encrypt(unit, MemorySegment.ofArray(plain), MemorySegment.ofArray(out));
                xts.giveBack(lane);
                assertThat(Arrays.equals(out, expected[unit])).as("unit %d", unit).isTrue();
            }
        }
    }

    @Test
    void a_missing_library_is_named_with_the_package_to_install() {
        assertThatThrownBy(() -> Libcrypto.require(ID, "libcrypto-that-is-not-there.so.3"))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault().message())
                                    .contains("vol-7", "libcrypto-that-is-not-there.so.3");
                            assertThat(e.fault().remedy()).contains("apt-get install libssl3");
                        });
        assertThatThrownBy(() -> Libcrypto.require(ID, "libc.so.6"))
                .hasMessageContaining("it has no EVP_");
    }

    static byte[] plainXts(byte[] key, long unit, byte[] plain) throws Exception {
        Cipher data = aes(Arrays.copyOf(key, 32));
        Cipher forTweak = aes(Arrays.copyOfRange(key, 32, 64));
        byte[] tweak = new byte[16];
        for (int i = 0; i < 8; i++) {
            tweak[i] = (byte) (unit >>> (8 * i));
        }
        tweak = forTweak.doFinal(tweak);
        byte[] out = new byte[plain.length];
        for (int at = 0; at < plain.length; at += 16) {
            byte[] block = new byte[16];
            for (int i = 0; i < 16; i++) {
                block[i] = (byte) (plain[at + i] ^ tweak[i]);
            }
            block = data.doFinal(block);
            for (int i = 0; i < 16; i++) {
                out[at + i] = (byte) (block[i] ^ tweak[i]);
            }
            timesAlpha(tweak);
        }
        return out;
    }

    /// One bit to the left in GF(2^128), the polynomial's rest being 0x87.
    private static void timesAlpha(byte[] tweak) {
        int carry = 0;
        for (int i = 0; i < 16; i++) {
            int next = (tweak[i] & 0xff) >>> 7;
            tweak[i] = (byte) ((tweak[i] << 1) | carry);
            carry = next;
        }
        if (carry != 0) {
            tweak[0] ^= (byte) 0x87;
        }
    }

    private static Cipher aes(byte[] key) throws Exception {
        Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
        return cipher;
    }

    private static byte[] bytes(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
