package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Gp.R10;
import static dev.cutaway.tensor.machine.Gp.R11;
import static dev.cutaway.tensor.machine.Gp.R12;
import static dev.cutaway.tensor.machine.Gp.R13;
import static dev.cutaway.tensor.machine.Gp.R14;
import static dev.cutaway.tensor.machine.Gp.R15;
import static dev.cutaway.tensor.machine.Gp.R8;
import static dev.cutaway.tensor.machine.Gp.R9;
import static dev.cutaway.tensor.machine.Gp.RAX;
import static dev.cutaway.tensor.machine.Gp.RBP;
import static dev.cutaway.tensor.machine.Gp.RBX;
import static dev.cutaway.tensor.machine.Gp.RCX;
import static dev.cutaway.tensor.machine.Gp.RDI;
import static dev.cutaway.tensor.machine.Gp.RDX;
import static dev.cutaway.tensor.machine.Gp.RSI;
import static dev.cutaway.tensor.machine.Ymm.Y0;
import static dev.cutaway.tensor.machine.Ymm.Y1;
import static dev.cutaway.tensor.machine.Ymm.Y12;
import static dev.cutaway.tensor.machine.Ymm.Y13;
import static dev.cutaway.tensor.machine.Ymm.Y14;
import static dev.cutaway.tensor.machine.Ymm.Y15;
import static dev.cutaway.tensor.machine.Ymm.Y2;
import static dev.cutaway.tensor.machine.Ymm.Y7;
import static dev.cutaway.tensor.machine.Ymm.Y8;
import static dev.cutaway.tensor.machine.Ymm.Y9;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Assembler.Condition;
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Label;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;

/**
 * The machine code of attention. Keys are taken in blocks of {@link #BLOCK}; what a query gets from a block is a record: the
 * values' sum {@code [valueSize]} with weights {@code 2^(c s - m)} of the scores s, then m (the greatest {@code c s}), then the
 * sum of the weights. {@link #merge} makes a result of the records of all blocks (Milakov and Gimelshein 2018; Dao 2023). Blocks
 * begin at fixed keys and records are merged in order, so a result does not depend on who computed which record, and when.
 */
final class AttentionCode {
    /** Keys of a block. */
    static final int BLOCK = 128;

    /** Floats from one query's scores to the next: a block, and room to round up to eight from any key. */
    static final int SCORES = BLOCK + 8;

    /** Floats of a record after the values. */
    static final int TAIL = 8;

    /** What scores are multiplied by beside their own scale: powers are of two. */
    static final float LOG2_E = 1.4426950408889634f;

    private static final float LOWEST =
            -1e30f; // instead of the infinity of a query that sees nothing: no NaN comes of it
    private static final float LEAST = -127; // 2^-127 is the 0 that masked scores become
    private static final float ROUND =
            12582912f + 127; // 1.5 * 2^23: rounds, and leaves a power's exponent bits at the end
    private static final float[] POWERS = {
        1.535336188319500e-4f,
        1.339887440266574e-3f,
        9.618437357674640e-3f,
        5.550332471162809e-2f,
        2.402264791363012e-1f,
        6.931472028550421e-1f,
        1
    };

    private AttentionCode() {}

    /** Places of the numbers that {@link #blocks} finds at the address it is given; strides are bytes. */
    static final int Q = 0;

    static final int Q_STRIDE = 8;
    static final int K = 16;
    static final int K_STRIDE = 24;
    static final int V = 32;
    static final int V_STRIDE = 40;
    static final int S = 48;
    static final int RECORDS = 56;
    static final int ROW_STRIDE = 64;
    static final int RECORD = 72;
    static final int DEPTH = 80;
    static final int PANELS = 88;
    static final int KEYS = 96;
    static final int EIGHTS = 104;
    static final int VALUES = 112;
    static final int BLOCKS = 120;
    static final int FACTOR = 128;
    static final int PARTS = 136;
    static final int TAIL_AT = 144;

    /** Values of PARTS: scores, and what follows from them. */
    static final int SCORE = 1;

    static final int MIX = 2;
    static final int ALL = SCORE | MIX;

    /** Bytes of these numbers. */
    static final int ARGUMENTS = 152;

    /** One kind of code. */
    private record Kind(int rows, boolean halves) {
        /** Bytes that sixteen stored elements take. */
        int sixteen() {
            return halves ? 32 : 64;
        }

        /** Blocks of sixteen sums to compute at a time: few rows alone have too few sums for the latency of a multiply-add. */
        int wide() {
            return rows == 1 ? 4 : rows <= 3 ? 2 : 1;
        }
    }

    /**
     * Records of so many queries for consecutive blocks of keys.
     *
     * <p>{@code f(address of the arguments)}: queries and the bytes between them; the first block's panels and the bytes of a
     * panel; its values and the bytes between them; memory for scores {@code [rows, SCORES]}; the first records, the bytes
     * from one query's to the next one's, and from one block's to the next one's; elements of a query; panels of a block;
     * its keys, and these in eights, rounded up (scores after the last key are masked); values in sixteens; blocks; the
     * factor; which parts to do ({@link #SCORE} leaves scores in S for the caller to change, {@link #MIX} takes them from there);
     * the bytes of a record before its tail.
     *
     * @param rows of a tile, 1 to 6
     * @param halves whether keys and values are 16-bit floats
     */
    static byte[] blocks(int rows, boolean halves) {
        Assembler a = new Assembler();
        Kind kind = new Kind(rows, halves);
        Gp[] saved = {RBX, RBP, R12, R13, R14, R15};
        for (Gp r : saved) {
            a.push(r);
        }
        // RDI arguments; R12 scores; R13 records; R14 keys and R15 values of the block; RBX blocks left;
        // R10 what is asked for ahead of its use: values while scores are computed, then the next block's keys
        a.mov(R12, Mem.at(RDI, S));
        a.mov(R13, Mem.at(RDI, RECORDS));
        a.mov(R14, Mem.at(RDI, K));
        a.mov(R15, Mem.at(RDI, V));
        a.mov(RBX, Mem.at(RDI, BLOCKS));
        Label noScores = new Label();
        Label end = new Label();
        Label block = a.here();
        a.mov(RAX, Mem.at(RDI, PARTS));
        a.cmp(RAX, MIX);
        a.jump(Condition.EQUAL, noScores);
        scores(a, kind);
        a.mov(RAX, Mem.at(RDI, PARTS));
        a.cmp(RAX, SCORE);
        a.jump(Condition.EQUAL, end);
        mask(a, kind);
        a.set(noScores);
        weigh(a, kind);
        mix(a, kind);
        a.mov(RAX, Mem.at(RDI, V_STRIDE));
        a.shl(RAX, Integer.numberOfTrailingZeros(BLOCK));
        a.add(R15, RAX);
        a.mov(RAX, Mem.at(RDI, K_STRIDE));
        a.shl(RAX, Integer.numberOfTrailingZeros(BLOCK / AttentionKernels.KEYS));
        a.add(R14, RAX);
        a.add(R13, Mem.at(RDI, RECORD));
        a.dec(RBX);
        a.jump(Condition.NOT_EQUAL, block);
        a.set(end);
        for (int i = saved.length - 1; i >= 0; i--) {
            a.pop(saved[i]);
        }
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** Dot products of the queries with all keys of the block's panels, several panels at a time while there are as many. */
    private static void scores(Assembler a, Kind kind) {
        a.mov(R8, Mem.at(RDI, Q_STRIDE));
        a.mov(R9, Mem.at(RDI, K_STRIDE));
        a.mov(RSI, Mem.at(RDI, PANELS));
        a.mov(R10, R15);
        a.mov(RDX, R14);
        a.mov(RBP, R12);
        for (int wide = kind.wide(); wide > 0; wide /= 2) {
            Label next = new Label();
            Label several = a.here();
            a.cmp(RSI, wide);
            a.jump(Condition.LESS, next);
            panels(a, kind, wide);
            a.add(RBP, 64 * wide);
            a.sub(RSI, wide);
            a.jmp(several);
            a.set(next);
        }
    }

    /** Loads eight stored elements: those of one half of sixteen. */
    private static void stored(Assembler a, Kind kind, Ymm to, Mem from) {
        if (kind.halves) {
            a.widen(to, from);
        } else {
            a.load(to, from);
        }
    }

    private static void panels(Assembler a, Kind kind, int wide) {
        int rows = kind.rows;
        int sums = 2 * wide;
        for (int i = 0; i < sums * rows; i++) {
            a.zero(Ymm.of(i));
        }
        a.mov(RAX, Mem.at(RDI, Q));
        if (wide == 4) {
            a.lea(RCX, Mem.at(RDX, R9, 2, 0));
        } else if (rows > 3) {
            a.lea(RCX, Mem.at(R8, R8, 2, 0));
            a.add(RCX, RAX);
        }
        a.mov(R11, Mem.at(RDI, DEPTH));
        a.align();
        Label k = a.here();
        if (wide == 1) {
            stored(a, kind, Y12, Mem.at(RDX));
            stored(a, kind, Y13, Mem.at(RDX, kind.sixteen() / 2));
            for (int r = 0; r < rows; r++) {
                Ymm x = Ymm.of(14 + r % 2);
                Gp base = r < 3 ? RAX : RCX;
                a.broadcast(x, r % 3 == 0 ? Mem.at(base) : Mem.at(base, R8, r % 3, 0));
                a.op(Op.FMA231, Ymm.of(2 * r), x, Y12);
                a.op(Op.FMA231, Ymm.of(2 * r + 1), x, Y13);
            }
        } else {
            for (int r = 0; r < rows; r++) {
                a.broadcast(Ymm.of(13 + r), r == 0 ? Mem.at(RAX) : Mem.at(RAX, R8, r, 0));
            }
            for (int i = 0; i < sums; i++) {
                Gp base = i / 2 < 2 ? RDX : RCX;
                int at = i % 2 * kind.sixteen() / 2;
                stored(a, kind, Y12, i / 2 % 2 == 0 ? Mem.at(base, at) : Mem.at(base, R9, 1, at));
                for (int r = 0; r < rows; r++) {
                    a.op(Op.FMA231, Ymm.of(sums * r + i), Ymm.of(13 + r), Y12);
                }
            }
        }
        ahead(a, kind, wide);
        a.add(RDX, kind.sixteen());
        if (wide == 4) {
            a.add(RCX, kind.sixteen());
        } else if (rows > 3) {
            a.add(RCX, 4);
        }
        a.add(RAX, 4);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, k);
        // RDX stands at the end of its panel, which is the next one's beginning
        for (int i = 1; i < wide; i++) {
            a.add(RDX, R9);
        }
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < sums; i++) {
                a.store(Mem.at(RBP, 4 * SCORES * r + 32 * i), Ymm.of(sums * r + i));
            }
        }
    }

    /** Asks for as many bytes of what comes next as one turn reads. Tiles of a prompt find it in the caches. */
    private static void ahead(Assembler a, Kind kind, int wide) {
        if (kind.rows > 3) {
            return;
        }
        int bytes = kind.sixteen() * wide;
        for (int at = 0; at < bytes; at += 64) {
            a.prefetch(Mem.at(R10, at));
        }
        a.add(R10, bytes);
    }

    /** Scores after the last key, up to the next eight, to minus infinity. */
    private static void mask(Assembler a, Kind kind) {
        a.mov(RAX, Mem.at(RDI, KEYS));
        a.load(Y0, a.floats(Float.NEGATIVE_INFINITY));
        for (int r = 0; r < kind.rows; r++) {
            a.store(Mem.at(R12, RAX, 4, 4 * SCORES * r), Y0);
        }
    }

    /** {@code z = 2^z} for z up to 0, a little more if rounding says so; changes t and f. A NaN stays one. */
    private static void power(Assembler a, Ymm z, Ymm t, Ymm f) {
        a.op(Op.MAX, z, Y15, z);
        a.op(Op.ADD, t, z, Y14);
        a.op(Op.SUB, f, t, Y14);
        a.op(Op.SUB, f, z, f);
        a.shiftLeft(t, t, 23);
        a.load(z, a.floats(POWERS[0]));
        for (int i = 1; i < POWERS.length; i++) {
            a.op(Op.FMA213, z, f, a.floats(POWERS[i]));
        }
        a.op(Op.MUL, z, z, t);
    }

    private static void powerConstants(Assembler a) {
        a.load(Y14, a.floats(ROUND));
        a.load(Y15, a.floats(LEAST));
    }

    /** Scores to weights; the tails of the records. */
    private static void weigh(Assembler a, Kind kind) {
        powerConstants(a);
        a.broadcast(Y13, Mem.at(RDI, FACTOR));
        a.mov(R9, Mem.at(RDI, EIGHTS));
        a.mov(R8, Mem.at(RDI, TAIL_AT));
        a.add(R8, R13);
        a.mov(RBP, R12);
        for (int r = 0; r < kind.rows; r++) {
            a.load(Y9, a.floats(LOWEST));
            a.mov(RAX, RBP);
            a.mov(R11, R9);
            Label greatest = a.here();
            a.load(Y0, Mem.at(RAX));
            a.op(Op.MAX, Y9, Y9, Y0);
            a.add(RAX, 32);
            a.dec(R11);
            a.jump(Condition.NOT_EQUAL, greatest);
            RowCode.fold(a, Op.MAX, Y9, Y0);
            a.broadcast(Y9, Y9);
            a.op(Op.MUL, Y9, Y9, Y13);
            a.fromVector(RCX, Y9);
            a.mov4(Mem.at(R8), RCX);
            a.op(Op.XOR, Y9, Y9, a.ints(1 << 31));
            a.zero(Y7);
            a.mov(RAX, RBP);
            a.mov(R11, R9);
            Label weights = a.here();
            a.load(Y0, Mem.at(RAX));
            a.op(Op.FMA213, Y0, Y13, Y9);
            power(a, Y0, Y1, Y2);
            a.store(Mem.at(RAX), Y0);
            a.op(Op.ADD, Y7, Y7, Y0);
            a.add(RAX, 32);
            a.dec(R11);
            a.jump(Condition.NOT_EQUAL, weights);
            RowCode.fold(a, Op.ADD, Y7, Y8);
            a.fromVector(RCX, Y7);
            a.mov4(Mem.at(R8, 4), RCX);
            a.add(RBP, 4 * SCORES);
            a.add(R8, Mem.at(RDI, ROW_STRIDE));
        }
    }

    /** Values times weights, to the records. */
    private static void mix(Assembler a, Kind kind) {
        a.mov(R9, Mem.at(RDI, V_STRIDE));
        a.mov(RSI, Mem.at(RDI, VALUES));
        a.mov(R10, Mem.at(RDI, K_STRIDE));
        a.shl(R10, Integer.numberOfTrailingZeros(BLOCK / AttentionKernels.KEYS));
        a.add(R10, R14);
        a.mov(RBP, R15);
        a.mov(R8, R13);
        for (int wide = kind.wide(); wide > 0; wide /= 2) {
            Label next = new Label();
            Label several = a.here();
            a.cmp(RSI, wide);
            a.jump(Condition.LESS, next);
            values(a, kind, wide);
            a.add(RBP, kind.sixteen() * wide);
            a.add(R8, 64 * wide);
            a.sub(RSI, wide);
            a.jmp(several);
            a.set(next);
        }
    }

    private static void values(Assembler a, Kind kind, int wide) {
        int rows = kind.rows;
        int sums = 2 * wide;
        for (int i = 0; i < sums * rows; i++) {
            a.zero(Ymm.of(i));
        }
        a.mov(RAX, R12);
        a.mov(RDX, RBP);
        a.mov(R11, Mem.at(RDI, KEYS));
        a.align();
        Label k = a.here();
        if (wide == 1) {
            stored(a, kind, Y12, Mem.at(RDX));
            stored(a, kind, Y13, Mem.at(RDX, kind.sixteen() / 2));
            for (int r = 0; r < rows; r++) {
                Ymm x = Ymm.of(14 + r % 2);
                a.broadcast(x, Mem.at(RAX, 4 * SCORES * r));
                a.op(Op.FMA231, Ymm.of(2 * r), x, Y12);
                a.op(Op.FMA231, Ymm.of(2 * r + 1), x, Y13);
            }
        } else {
            for (int r = 0; r < rows; r++) {
                a.broadcast(Ymm.of(13 + r), Mem.at(RAX, 4 * SCORES * r));
            }
            for (int i = 0; i < sums; i++) {
                stored(a, kind, Y12, Mem.at(RDX, kind.sixteen() / 2 * i));
                for (int r = 0; r < rows; r++) {
                    a.op(Op.FMA231, Ymm.of(sums * r + i), Ymm.of(13 + r), Y12);
                }
            }
        }
        ahead(a, kind, wide);
        a.add(RDX, R9);
        a.add(RAX, 4);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, k);
        a.mov(RAX, R8);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < sums; i++) {
                a.store(Mem.at(RAX, 32 * i), Ymm.of(sums * r + i));
            }
            if (r < rows - 1) {
                a.add(RAX, Mem.at(RDI, ROW_STRIDE));
            }
        }
    }

    /**
     * Records of all blocks to results.
     *
     * <p>{@code f(records, bytes of a record before its tail, number of blocks, out, bytes from block to block, values in
     * sixteens)} for one query. Changes the records' tails.
     */
    static byte[] merge() {
        Assembler a = new Assembler();
        powerConstants(a);
        a.mov(RAX, RDI);
        a.add(RAX, RSI);
        a.mov(R10, RAX);
        a.mov(R11, RDX);
        a.load(Y9, a.floats(Float.NEGATIVE_INFINITY));
        Label greatest = a.here();
        a.broadcast(Y0, Mem.at(R10));
        a.op(Op.MAX, Y9, Y9, Y0);
        a.add(R10, R8);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, greatest);
        a.mov(R10, RAX);
        a.mov(R11, RDX);
        a.zero(Y7);
        a.push(RBX);
        Label weights = a.here();
        a.broadcast(Y0, Mem.at(R10));
        a.op(Op.SUB, Y0, Y0, Y9);
        power(a, Y0, Y1, Y2);
        a.fromVector(RBX, Y0);
        a.mov4(Mem.at(R10), RBX);
        a.broadcast(Y1, Mem.at(R10, 4));
        a.op(Op.FMA231, Y7, Y0, Y1);
        a.add(R10, R8);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, weights);
        a.pop(RBX);
        a.load(Y13, a.floats(1));
        a.op(Op.DIV, Y13, Y13, Y7);
        for (int wide = 4; wide > 0; wide /= 2) {
            Label next = new Label();
            Label several = a.here();
            a.cmp(R9, wide);
            a.jump(Condition.LESS, next);
            for (int i = 0; i < 2 * wide; i++) {
                a.zero(Ymm.of(i));
            }
            a.mov(R10, RDI);
            a.mov(R11, RDX);
            Label block = a.here();
            a.broadcast(Y12, Mem.at(R10, RSI, 1, 0));
            for (int i = 0; i < 2 * wide; i++) {
                a.op(Op.FMA231, Ymm.of(i), Y12, Mem.at(R10, 32 * i));
            }
            a.add(R10, R8);
            a.dec(R11);
            a.jump(Condition.NOT_EQUAL, block);
            for (int i = 0; i < 2 * wide; i++) {
                a.op(Op.MUL, Ymm.of(i), Ymm.of(i), Y13);
                a.store(Mem.at(RCX, 32 * i), Ymm.of(i));
            }
            a.add(RDI, 64 * wide);
            a.sub(RSI, 64 * wide);
            a.add(RCX, 64 * wide);
            a.sub(R9, wide);
            a.jmp(several);
            a.set(next);
        }
        a.zeroUpper();
        a.ret();
        return a.finish();
    }
}
