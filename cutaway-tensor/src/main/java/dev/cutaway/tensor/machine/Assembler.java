package dev.cutaway.tensor.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Encodes the x86-64 instructions that the kernels use, each in the shortest form that general assemblers choose (only jumps
 * always take four bytes of distance). Operands stand in Intel's order, the destination first. Source: Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 2; the VEX prefix in section 2.3.
 */
public final class Assembler {
    private static final int MAP_0F = 1;
    private static final int MAP_0F38 = 2;
    private static final int MAP_0F3A = 3;
    private static final int PP_NONE = 0;
    private static final int PP_66 = 1;
    private static final int PP_F3 = 2;
    private static final int PP_F2 = 3;

    /** When a conditional jump is taken, in terms of the last comparison of signed numbers. */
    public enum Condition {
        /** Equal, or zero. */
        EQUAL(4),
        /** Not equal, or not zero. */
        NOT_EQUAL(5),
        /** Less. */
        LESS(12);

        private final int code;

        Condition(int code) {
            this.code = code;
        }
    }

    private byte[] code = new byte[1024];
    private int size;
    private final Map<ByteBuffer, Label> constants = new LinkedHashMap<>(); // of 32 bytes

    /** The code, followed by its constants. Everything that was referred to must have been set. */
    public byte[] finish() {
        while (size % 32 != 0) {
            put(0xcc); // a trap: nothing runs on into the constants
        }
        for (Map.Entry<ByteBuffer, Label> constant : constants.entrySet()) {
            set(constant.getValue());
            for (byte b : constant.getKey().array()) {
                put(b);
            }
        }
        return Arrays.copyOf(code, size);
    }

    /** Bytes so far. */
    public int size() {
        return size;
    }

    private void put(int b) {
        if (size == code.length) {
            code = Arrays.copyOf(code, 2 * size);
        }
        code[size++] = (byte) b;
    }

    private void put4(int value) {
        for (int i = 0; i < 4; i++) {
            put(value >>> 8 * i);
        }
    }

    // ------------------------------------------------------------------------------------------------- places

    /** A label at this place. */
    public Label here() {
        Label label = new Label();
        set(label);
        return label;
    }

    /** Sets a label to this place. */
    public void set(Label label) {
        if (label.at != Label.UNSET) {
            throw new IllegalStateException("a label can be set once");
        }
        label.at = size;
        for (int reference : label.references) {
            patch(reference, size);
        }
    }

    private void patch(int reference, int target) {
        // A distance counts from the end of its instruction; the byte after the distance may be an immediate.
        int end = reference >>> 3;
        int after = reference & 7;
        ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN).putInt(end, target - (end + 4 + after));
    }

    private void distance(Label to, int immediateBytes) {
        int reference = size << 3 | immediateBytes;
        put4(0);
        if (to.at == Label.UNSET) {
            to.references.add(reference);
        } else {
            patch(reference, to.at);
        }
    }

    /** Eight floats of one value, kept behind the code. */
    public Mem floats(float value) {
        return ints(Float.floatToRawIntBits(value));
    }

    /** Eight 32-bit numbers of one value, kept behind the code. */
    public Mem ints(int value) {
        ByteBuffer eight = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 8; i++) {
            eight.putInt(4 * i, value);
        }
        return Mem.constant(constants.computeIfAbsent(eight, v -> new Label()));
    }

    /** 32 bytes, kept behind the code. */
    public Mem bytes(byte[] values) {
        ByteBuffer constant = ByteBuffer.wrap(Arrays.copyOf(values, 32));
        return Mem.constant(constants.computeIfAbsent(constant, v -> new Label()));
    }

    /** Starts a loop's body at a multiple of 32 bytes, by instructions that do nothing. */
    public void align() {
        while (size % 32 != 0) {
            put(0x90);
        }
    }

    // -------------------------------------------------------------------------------------- general registers

    private void rex(boolean wide, int reg, Optional<Gp> index, int base) {
        int x = index.map(i -> i.number() >> 3).orElse(0);
        int prefix = 0x40 | (wide ? 8 : 0) | (reg >> 3) << 2 | x << 1 | base >> 3;
        if (prefix != 0x40) {
            put(prefix);
        }
    }

    private void registers(int opcode, int reg, int rm) {
        rex(true, reg, Optional.empty(), rm);
        put(opcode);
        put(0xc0 | (reg & 7) << 3 | rm & 7);
    }

    private void memory(int opcode, int reg, Mem m) {
        rex(true, reg, m.index(), m.base().number());
        put(opcode);
        address(reg, m, 0);
    }

    /** ModRM, SIB and displacement. */
    private void address(int reg, Mem m, int immediateBytes) {
        int r = (reg & 7) << 3;
        if (m.constant().isPresent()) {
            put(r | 5);
            distance(m.constant().get(), immediateBytes);
            return;
        }
        int base = m.base().number() & 7;
        int d = m.displacement();
        int mode = d == 0 && base != 5 ? 0 : d == (byte) d ? 1 : 2;
        if (m.index().isPresent()) {
            put(mode << 6 | r | 4);
            put(Integer.numberOfTrailingZeros(m.scale()) << 6 | (m.index().get().number() & 7) << 3 | base);
        } else if (base == 4) {
            put(mode << 6 | r | 4);
            put(0x24);
        } else {
            put(mode << 6 | r | base);
        }
        if (mode == 1) {
            put(d);
        } else if (mode == 2) {
            put4(d);
        }
    }

    private void immediate(int extension, Gp to, int value) {
        rex(true, 0, Optional.empty(), to.number());
        if (value == (byte) value) {
            put(0x83);
            put(0xc0 | extension << 3 | to.number() & 7);
            put(value);
        } else if (to == Gp.RAX) {
            put(extension << 3 | 5);
            put4(value);
        } else {
            put(0x81);
            put(0xc0 | extension << 3 | to.number() & 7);
            put4(value);
        }
    }

    /** {@code to = from}. */
    public void mov(Gp to, Gp from) {
        registers(0x89, from.number(), to.number());
    }

    /** {@code to = the eight bytes at from}. */
    public void mov(Gp to, Mem from) {
        memory(0x8b, to.number(), from);
    }

    /** {@code to = value}. */
    public void mov(Gp to, int value) {
        rex(true, 0, Optional.empty(), to.number());
        put(0xc7);
        put(0xc0 | to.number() & 7);
        put4(value);
    }

    /** {@code to = value}, all 64 bits. */
    public void movLong(Gp to, long value) {
        rex(true, 0, Optional.empty(), to.number());
        put(0xb8 | to.number() & 7);
        put4((int) value);
        put4((int) (value >>> 32));
    }

    /** {@code to = the four bytes at from}, the upper half zero. */
    public void load4(Gp to, Mem from) {
        rex(false, to.number(), from.index(), from.base().number());
        put(0x8b);
        address(to.number(), from, 0);
    }

    /** {@code to = the two bytes at from}, the rest zero. */
    public void load2(Gp to, Mem from) {
        rex(false, to.number(), from.index(), from.base().number());
        put(0x0f);
        put(0xb7);
        address(to.number(), from, 0);
    }

    /** {@code [to] = the low two bytes of from}. */
    public void store2(Mem to, Gp from) {
        put(0x66);
        rex(false, from.number(), to.index(), to.base().number());
        put(0x89);
        address(from.number(), to, 0);
    }

    /** {@code to ^= value}, the low half; the upper one becomes zero. */
    public void xor4(Gp to, int value) {
        rex(false, 0, Optional.empty(), to.number());
        if (to == Gp.RAX) {
            put(0x35);
        } else {
            put(0x81);
            put(0xf0 | to.number() & 7);
        }
        put4(value);
    }

    /** {@code to = the bits of from that the mask has, side by side}. */
    public void pext(Gp to, Gp from, Gp mask) {
        vex(MAP_0F38, PP_F3, true, 128, to.number(), from.number(), false, mask.number() > 7, 0xf5);
        put(0xc0 | (to.number() & 7) << 3 | mask.number() & 7);
    }

    /** {@code to = the lowest bits of from, laid where the mask has ones; zero elsewhere}. */
    public void pdep(Gp to, Gp from, Gp mask) {
        vex(MAP_0F38, PP_F2, true, 128, to.number(), from.number(), false, mask.number() > 7, 0xf5);
        put(0xc0 | (to.number() & 7) << 3 | mask.number() & 7);
    }

    /** {@code to = address of from}. */
    public void lea(Gp to, Mem from) {
        memory(0x8d, to.number(), from);
    }

    /** {@code to += from}. */
    public void add(Gp to, Gp from) {
        registers(0x01, from.number(), to.number());
    }

    /** {@code to += value}. */
    public void add(Gp to, int value) {
        immediate(0, to, value);
    }

    /** {@code to += the eight bytes at from}. */
    public void add(Gp to, Mem from) {
        memory(0x03, to.number(), from);
    }

    /** {@code to -= from}. */
    public void sub(Gp to, Gp from) {
        registers(0x29, from.number(), to.number());
    }

    /** {@code to -= value}. */
    public void sub(Gp to, int value) {
        immediate(5, to, value);
    }

    /** Compares two registers. */
    public void cmp(Gp a, Gp b) {
        registers(0x39, b.number(), a.number());
    }

    /** Compares a register with a number. */
    public void cmp(Gp a, int value) {
        immediate(7, a, value);
    }

    /** Compares a register with zero. */
    public void test(Gp a) {
        registers(0x85, a.number(), a.number());
    }

    /** {@code to -= 1}. */
    public void dec(Gp to) {
        registers(0xff, 1, to.number());
    }

    /** {@code to <<= bits}. */
    public void shl(Gp to, int bits) {
        registers(0xc1, 4, to.number());
        put(bits);
    }

    /** {@code to >>>= bits}. */
    public void shr(Gp to, int bits) {
        registers(0xc1, 5, to.number());
        put(bits);
    }

    /** {@code to = number of zeros below the lowest one of from}, 32 bits. */
    public void tzcnt(Gp to, Gp from) {
        put(0xf3);
        rex(false, to.number(), Optional.empty(), from.number());
        put(0x0f);
        put(0xbc);
        put(0xc0 | (to.number() & 7) << 3 | from.number() & 7);
    }

    /** Keeps a register on the stack. */
    public void push(Gp from) {
        rex(false, 0, Optional.empty(), from.number());
        put(0x50 | from.number() & 7);
    }

    /** Takes a register from the stack. */
    public void pop(Gp to) {
        rex(false, 0, Optional.empty(), to.number());
        put(0x58 | to.number() & 7);
    }

    /** Jumps. */
    public void jmp(Label to) {
        put(0xe9);
        distance(to, 0);
    }

    /** Jumps if a condition holds. */
    public void jump(Condition condition, Label to) {
        put(0x0f);
        put(0x80 | condition.code);
        distance(to, 0);
    }

    /** Has a line of memory brought into all caches; does nothing where there is no memory. */
    public void prefetch(Mem m) {
        rex(false, 1, m.index(), m.base().number());
        put(0x0f);
        put(0x18);
        address(1, m, 0);
    }

    /** Returns to the caller. */
    public void ret() {
        put(0xc3);
    }

    /** What the processor says of itself: EAX and ECX ask; EAX, EBX, ECX, EDX answer. */
    public void cpuid() {
        put(0x0f);
        put(0xa2);
    }

    /** Which registers the operating system saves: ECX asks; EDX and EAX answer. */
    public void xgetbv() {
        put(0x0f);
        put(0x01);
        put(0xd0);
    }

    /** {@code [to] = the low four bytes of from}. */
    public void mov4(Mem to, Gp from) {
        rex(false, from.number(), to.index(), to.base().number());
        put(0x89);
        address(from.number(), to, 0);
    }

    // ------------------------------------------------------------------------------------------------- vectors

    private void vex(int map, int pp, boolean wide, int bits, int reg, int second, boolean x, boolean b, int opcode) {
        int tail = (~second & 15) << 3 | (bits == 256 ? 4 : 0) | pp;
        int r = reg < 8 ? 0x80 : 0;
        if (map == MAP_0F && !wide && !x && !b) {
            put(0xc5);
            put(r | tail);
        } else {
            put(0xc4);
            put(r | (x ? 0 : 0x40) | (b ? 0 : 0x20) | map);
            put((wide ? 0x80 : 0) | tail);
        }
        put(opcode);
    }

    private void vector(int map, int pp, int bits, int opcode, int reg, int second, int rm) {
        vex(map, pp, false, bits, reg, second, false, rm > 7, opcode);
        put(0xc0 | (reg & 7) << 3 | rm & 7);
    }

    private void vector(int map, int pp, int bits, int opcode, int reg, int second, Mem m, int immediateBytes) {
        boolean x = m.index().isPresent() && m.index().get().number() > 7;
        boolean b = m.constant().isEmpty() && m.base().number() > 7;
        vex(map, pp, false, bits, reg, second, x, b, opcode);
        address(reg, m, immediateBytes);
    }

    /** Instructions of the form {@code to = a op b} over eight floats or 32-bit numbers. */
    public enum Op {
        /** {@code a + b}. */
        ADD(MAP_0F, PP_NONE, 0x58),
        /** {@code a - b}. */
        SUB(MAP_0F, PP_NONE, 0x5c),
        /** {@code a * b}. */
        MUL(MAP_0F, PP_NONE, 0x59),
        /** {@code a / b}. */
        DIV(MAP_0F, PP_NONE, 0x5e),
        /** The greater one; {@code b} if one is no number. */
        MAX(MAP_0F, PP_NONE, 0x5f),
        /** The smaller one; {@code b} if one is no number. */
        MIN(MAP_0F, PP_NONE, 0x5d),
        /** Bits of both. */
        AND(MAP_0F, PP_NONE, 0x54),
        /** Bits of b that a lacks. */
        AND_NOT(MAP_0F, PP_NONE, 0x55),
        /** Bits of either. */
        OR(MAP_0F, PP_NONE, 0x56),
        /** Bits of one only. */
        XOR(MAP_0F, PP_NONE, 0x57),
        /** Whole numbers: {@code a + b}. */
        PADD(MAP_0F, PP_66, 0xfe),
        /** Whole numbers: {@code a - b}. */
        PSUB(MAP_0F, PP_66, 0xfa),
        /** Whole numbers: bits of both. */
        PAND(MAP_0F, PP_66, 0xdb),
        /** Whole numbers: bits of either. */
        POR(MAP_0F, PP_66, 0xeb),
        /** Whole numbers: bits of one only. */
        PXOR(MAP_0F, PP_66, 0xef),
        /** Whole signed numbers: the greater one. */
        PMAX(MAP_0F38, PP_66, 0x3d),
        /** Whole numbers of 16 bits: {@code a - b}. */
        PSUB_WORDS(MAP_0F, PP_66, 0xf9),
        /** Signed numbers of 16 bits: products of neighbours, added to one number of 32 bits. */
        PMADD(MAP_0F, PP_66, 0xf5),
        /** Signed numbers to 16 bits, the nearest there is: in each half four of a, then four of b. */
        PACK(MAP_0F, PP_66, 0x6b),
        /** Bytes of a at the places in its half that b says; 0 where b's highest bit is set. */
        PSHUFFLE(MAP_0F38, PP_66, 0x00),
        /** The two lower floats of each half of a and of b, by turns. */
        UNPACK_LOW(MAP_0F, PP_NONE, 0x14),
        /** The two upper floats of each half of a and of b, by turns. */
        UNPACK_HIGH(MAP_0F, PP_NONE, 0x15),
        /** Four doubles: {@code a + b}. */
        ADD_DOUBLES(MAP_0F, PP_66, 0x58),
        /** Four doubles: {@code a * b}. */
        MUL_DOUBLES(MAP_0F, PP_66, 0x59),
        /** {@code to += a * b}, one rounding. */
        FMA231(MAP_0F38, PP_66, 0xb8),
        /** {@code to = to * a + b}, one rounding. */
        FMA213(MAP_0F38, PP_66, 0xa8);

        private final int map;
        private final int pp;
        private final int opcode;

        Op(int map, int pp, int opcode) {
            this.map = map;
            this.pp = pp;
            this.opcode = opcode;
        }
    }

    /** {@code to = a op b}. */
    public void op(Op op, Ymm to, Ymm a, Ymm b) {
        vector(op.map, op.pp, 256, op.opcode, to.number(), a.number(), b.number());
    }

    /** {@code to = a op the 32 bytes at b}. */
    public void op(Op op, Ymm to, Ymm a, Mem b) {
        vector(op.map, op.pp, 256, op.opcode, to.number(), a.number(), b, 0);
    }

    /** {@code to = a op b} in the lowest float only; for {@code ADD, SUB, MUL, DIV, MAX}. */
    public void single(Op op, Ymm to, Ymm a, Ymm b) {
        vector(MAP_0F, PP_F3, 128, op.opcode, to.number(), a.number(), b.number());
    }

    /** {@code to = a op b} in the four lowest floats; for {@code ADD, SUB, MUL, DIV, MAX}. */
    public void four(Op op, Ymm to, Ymm a, Ymm b) {
        vector(op.map, op.pp, 128, op.opcode, to.number(), a.number(), b.number());
    }

    /** {@code to = the square root of b} in the lowest float, the others from a. */
    public void sqrtSingle(Ymm to, Ymm a, Ymm b) {
        vector(MAP_0F, PP_F3, 128, 0x51, to.number(), a.number(), b.number());
    }

    /** {@code to = the square roots of from}. */
    public void sqrt(Ymm to, Ymm from) {
        vector(MAP_0F, PP_NONE, 256, 0x51, to.number(), 0, from.number());
    }

    /** Loads four floats as four doubles. */
    public void toDoubles(Ymm to, Mem from) {
        vector(MAP_0F, PP_NONE, 256, 0x5a, to.number(), 0, from, 0);
    }

    /** Loads 32 bytes. */
    public void load(Ymm to, Mem from) {
        vector(MAP_0F, PP_NONE, 256, 0x10, to.number(), 0, from, 0);
    }

    /** Loads 16 bytes into the lower half, the upper one zero. */
    public void loadLower(Ymm to, Mem from) {
        vector(MAP_0F, PP_NONE, 128, 0x10, to.number(), 0, from, 0);
    }

    /** The lower half of a, and above it 16 bytes of memory. */
    public void withUpper(Ymm to, Ymm a, Mem from) {
        vector(MAP_0F3A, PP_66, 256, 0x18, to.number(), a.number(), from, 1);
        put(1);
    }

    /** In each half two floats of a, then two of b: two bits of {@code order} for each place, lowest first. */
    public void shuffle(Ymm to, Ymm a, Ymm b, int order) {
        vector(MAP_0F, PP_NONE, 256, 0xc6, to.number(), a.number(), b.number());
        put(order);
    }

    /** Stores 32 bytes. */
    public void store(Mem to, Ymm from) {
        vector(MAP_0F, PP_NONE, 256, 0x11, from.number(), 0, to, 0);
    }

    /** {@code to = from}. */
    public void move(Ymm to, Ymm from) {
        if (from.number() > 7 && to.number() < 8) { // the other direction's form is shorter
            vector(MAP_0F, PP_NONE, 256, 0x29, from.number(), 0, to.number());
        } else {
            vector(MAP_0F, PP_NONE, 256, 0x28, to.number(), 0, from.number());
        }
    }

    /** {@code to = 0}. */
    public void zero(Ymm to) {
        op(Op.XOR, to, to, to);
    }

    /** Loads one float into all eight. */
    public void broadcast(Ymm to, Mem from) {
        vector(MAP_0F38, PP_66, 256, 0x18, to.number(), 0, from, 0);
    }

    /** The lowest float into all eight. */
    public void broadcast(Ymm to, Ymm from) {
        vector(MAP_0F38, PP_66, 256, 0x18, to.number(), 0, from.number());
    }

    /** The low four bytes of a register into the lowest float, the others zero. */
    public void toVector(Ymm to, Gp from) {
        vector(MAP_0F, PP_66, 128, 0x6e, to.number(), 0, from.number());
    }

    /** The lowest float into the low four bytes of a register, the others zero. */
    public void fromVector(Gp to, Ymm from) {
        vector(MAP_0F, PP_66, 128, 0x7e, from.number(), 0, to.number());
    }

    /** {@code to = from << bits}, 32-bit numbers. */
    public void shiftLeft(Ymm to, Ymm from, int bits) {
        vector(MAP_0F, PP_66, 256, 0x72, 6, to.number(), from.number());
        put(bits);
    }

    /** {@code to = from >>> bits}, 32-bit numbers. */
    public void shiftRight(Ymm to, Ymm from, int bits) {
        vector(MAP_0F, PP_66, 256, 0x72, 2, to.number(), from.number());
        put(bits);
    }

    /** {@code to = from >> bits}, signed 32-bit numbers. */
    public void shiftSigned(Ymm to, Ymm from, int bits) {
        vector(MAP_0F, PP_66, 256, 0x72, 4, to.number(), from.number());
        put(bits);
    }

    /** {@code to = from << bits}, 16-bit numbers. */
    public void shiftLeftWords(Ymm to, Ymm from, int bits) {
        vector(MAP_0F, PP_66, 256, 0x71, 6, to.number(), from.number());
        put(bits);
    }

    /** {@code to = from >>> bits}, 16-bit numbers. */
    public void shiftRightWords(Ymm to, Ymm from, int bits) {
        vector(MAP_0F, PP_66, 256, 0x71, 2, to.number(), from.number());
        put(bits);
    }

    /** {@code to = from >> bits}, signed 16-bit numbers. */
    public void shiftSignedWords(Ymm to, Ymm from, int bits) {
        vector(MAP_0F, PP_66, 256, 0x71, 4, to.number(), from.number());
        put(bits);
    }

    /** {@code to += } products of neighbouring signed 16-bit numbers, added to one number of 32 bits: AVX512_VNNI and VL. */
    public void dotWords(Ymm to, Ymm a, Ymm b) {
        put(0x62);
        put((to.number() < 8 ? 0x80 : 0) | 0x50 | (b.number() < 8 ? 0x20 : 0) | MAP_0F38);
        put((~a.number() & 15) << 3 | 4 | PP_66);
        put(0x28);
        put(0x52);
        put(0xc0 | (to.number() & 7) << 3 | b.number() & 7);
    }

    /** Floats to the nearest signed 32-bit numbers, the even one of two; what has none becomes the lowest. */
    public void toInts(Ymm to, Ymm from) {
        vector(MAP_0F, PP_66, 256, 0x5b, to.number(), 0, from.number());
    }

    /** Rearranges the four pairs of floats: two bits of {@code order} for each place, lowest first. */
    public void permutePairs(Ymm to, Ymm from, int order) {
        vex(MAP_0F3A, PP_66, true, 256, to.number(), 0, false, from.number() > 7, 0x00);
        put(0xc0 | (to.number() & 7) << 3 | from.number() & 7);
        put(order);
    }

    /** Eight 16-bit floats from memory to floats: F16C. */
    public void widen(Ymm to, Mem from) {
        vector(MAP_0F38, PP_66, 256, 0x13, to.number(), 0, from, 0);
    }

    /** Eight floats to the nearest 16-bit floats in memory, the even one of two: F16C. */
    public void narrow(Mem to, Ymm from) {
        vector(MAP_0F3A, PP_66, 256, 0x1d, from.number(), 0, to, 1);
        put(0);
    }

    /** Signed 32-bit numbers to floats. */
    public void toFloats(Ymm to, Ymm from) {
        vector(MAP_0F, PP_NONE, 256, 0x5b, to.number(), 0, from.number());
    }

    /** The upper four floats into the lower half of {@code to}. */
    public void upper(Ymm to, Ymm from) {
        vector(MAP_0F3A, PP_66, 256, 0x19, from.number(), 0, to.number());
        put(1);
    }

    /** Rearranges the floats of each half: two bits of {@code order} for each place, lowest first. */
    public void permute(Ymm to, Ymm from, int order) {
        vector(MAP_0F3A, PP_66, 256, 0x04, to.number(), 0, from.number());
        put(order);
    }

    /** What {@link #compare} asks; never true of something that is no number. */
    public enum Relation {
        /** {@code a == b}. */
        EQUAL(0),
        /** {@code a < b}. */
        LESS(1),
        /** {@code a >= b}. */
        GREATER_EQUAL(13),
        /** {@code a > b}. */
        GREATER(14);

        private final int code;

        Relation(int code) {
            this.code = code;
        }
    }

    /** All ones where the relation holds, else zeros. */
    public void compare(Relation relation, Ymm to, Ymm a, Mem b) {
        vector(MAP_0F, PP_NONE, 256, 0xc2, to.number(), a.number(), b, 1);
        put(relation.code);
    }

    /** The eight sign bits. */
    public void signs(Gp to, Ymm from) {
        vector(MAP_0F, PP_NONE, 256, 0x50, to.number(), 0, from.number());
    }

    /** Forgets the upper halves, so that older instructions of the caller are not slowed down. */
    public void zeroUpper() {
        put(0xc5);
        put(0xf8);
        put(0x77);
    }
}
