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
import static dev.cutaway.tensor.machine.Gp.RSP;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Assembler.Condition;
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Label;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;

/**
 * The machine code of products with blocks of codes, activations rounded as {@link Rounding} says; 256-bit vectors. Where the
 * processor has dot products of 16-bit numbers (AVX512_VNNI), one instruction does the work of two; sums are the same.
 *
 * <p>A row of activations is kept as records of {@value #RECORD} bytes, one for 32 columns: the size of a step; what sums of
 * codes times steps start from, for both halves (see {@link BlockCode#centre}); the sum of all activations, where there is a
 * minimum to multiply; then 32 steps of 16 bits in the order of {@link BlockCode#order}.
 */
final class RoundedCode {
    /** Bytes for 32 activations. */
    static final int RECORD = 80;

    /** How far ahead of its use memory is asked for; 1 to 8 kB were tried. */
    static final int AHEAD = 4096;

    private static final int LINE = 64;
    private static final int STEP = 0;
    private static final int START = 4;
    private static final int SUM = 12;
    private static final int STEPS = 16;
    private static final int ROW_BYTES = 4 * Layout.PANEL;
    /** From one half of a decoded panel to the other. */
    private static final int HALF_BYTES = MachineMatrix.DEPTH / 2 * ROW_BYTES / 2;

    private static final int NATURAL = 0b11_01_10_00;
    private static final int SWAP = 0b01_00_11_10;

    private final Layout layout;
    private final boolean dots;
    private final int centre;
    private final boolean halved;

    /** The code for a layout. {@code dots}: whether there are dot products of 16-bit numbers. */
    RoundedCode(Layout layout, boolean dots) {
        this.layout = layout;
        this.dots = dots;
        this.centre = BlockCode.centre(layout);
        this.halved = layout.group() < Layout.BLOCK;
    }

    // ------------------------------------------------------------------------------------------- activations

    /**
     * Rounds activations.
     *
     * <p>{@code f(x, records, blocks of 32 columns, rows, bytes between rows of x)}.
     */
    byte[] round() {
        Assembler a = new Assembler();
        a.load(Ymm.Y8, a.ints(0x7fffffff));
        a.load(Ymm.Y9, a.floats(Rounding.LEAST));
        a.load(Ymm.Y10, a.floats(Rounding.STEPS));
        a.load(Ymm.Y11, a.floats(Rounding.STEP));
        a.load(Ymm.Y12, a.ints(0x00010001));
        a.zero(Ymm.Y13);
        Label row = a.here();
        a.mov(R9, RDI);
        a.mov(R10, RDX);
        Label block = a.here();
        for (int i = 0; i < 4; i++) {
            a.load(Ymm.of(i), Mem.at(R9, 32 * i));
            a.op(Op.PAND, Ymm.of(i == 0 ? 4 : 5), Ymm.of(i), Ymm.Y8);
            if (i > 0) {
                a.op(Op.PMAX, Ymm.Y4, Ymm.Y4, Ymm.Y5); // of bits: what is no number is greater than all numbers
            }
        }
        across(a, Op.PMAX, Ymm.Y4);
        a.four(Op.PMAX, Ymm.Y4, Ymm.Y4, Ymm.Y9);
        a.single(Op.DIV, Ymm.Y5, Ymm.Y10, Ymm.Y4);
        a.broadcast(Ymm.Y5, Ymm.Y5);
        a.single(Op.MUL, Ymm.Y6, Ymm.Y4, Ymm.Y11);
        number(a, STEP, Ymm.Y6);
        for (int i = 0; i < 4; i++) {
            a.op(Op.MUL, Ymm.of(i), Ymm.of(i), Ymm.Y5);
            a.toInts(Ymm.of(i), Ymm.of(i));
        }
        a.op(Op.PACK, Ymm.Y0, Ymm.Y0, Ymm.Y1);
        a.op(Op.PACK, Ymm.Y2, Ymm.Y2, Ymm.Y3);
        a.permutePairs(Ymm.Y0, Ymm.Y0, NATURAL);
        a.permutePairs(Ymm.Y2, Ymm.Y2, NATURAL);
        sums(a);
        arrange(a, Ymm.Y0);
        arrange(a, Ymm.Y2);
        a.store(Mem.at(RSI, STEPS), Ymm.Y0);
        a.store(Mem.at(RSI, STEPS + 32), Ymm.Y2);
        a.sub(R9, -4 * Layout.BLOCK);
        a.add(RSI, RECORD);
        a.dec(R10);
        a.jump(Condition.NOT_EQUAL, block);
        a.add(RDI, R8);
        a.dec(RCX);
        a.jump(Condition.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** One number of all eight of a register, in its lowest place; Y7 is used. */
    private static void across(Assembler a, Op op, Ymm y) {
        a.upper(Ymm.Y7, y);
        a.four(op, y, y, Ymm.Y7);
        a.permute(Ymm.Y7, y, 0b1110);
        a.four(op, y, y, Ymm.Y7);
        a.permute(Ymm.Y7, y, 1);
        a.four(op, y, y, Ymm.Y7);
    }

    private static void number(Assembler a, int at, Ymm y) {
        a.fromVector(RAX, y);
        a.mov4(Mem.at(RSI, at), RAX);
    }

    private void sums(Assembler a) {
        if (centre == 0 && !layout.minimum) {
            return;
        }
        a.op(Op.PMADD, Ymm.Y4, Ymm.Y0, Ymm.Y12);
        a.op(Op.PMADD, Ymm.Y5, Ymm.Y2, Ymm.Y12);
        if (!halved) {
            a.op(Op.PADD, Ymm.Y4, Ymm.Y4, Ymm.Y5);
        }
        for (int half = 0; half < (halved ? 2 : 1); half++) {
            Ymm y = Ymm.of(4 + half);
            across(a, Op.PADD, y);
            if (layout.minimum) {
                a.toFloats(y, y);
                a.single(Op.MUL, y, y, Ymm.Y6);
                number(a, SUM, y);
            } else {
                a.shiftLeft(y, y, Integer.numberOfTrailingZeros(centre));
                a.op(Op.PSUB, y, Ymm.Y13, y);
                number(a, START + 4 * half, y);
            }
        }
    }

    /** Sixteen steps in the order of {@link BlockCode#order}; Y7 is used. */
    private void arrange(Assembler a, Ymm y) {
        int[] order = BlockCode.order(layout);
        byte[] same = new byte[32];
        byte[] other = new byte[32];
        boolean moved = false;
        boolean crossing = false;
        for (int i = 0; i < 16; i++) {
            boolean here = order[i] / 8 == i / 8;
            for (int b = 0; b < 2; b++) {
                byte place = (byte) (order[i] % 8 * 2 + b);
                same[2 * i + b] = here ? place : (byte) 0x80;
                other[2 * i + b] = here ? (byte) 0x80 : place;
            }
            moved |= order[i] != i;
            crossing |= !here;
        }
        if (crossing) {
            a.permutePairs(Ymm.Y7, y, SWAP);
            a.load(Ymm.Y5, a.bytes(other));
            a.op(Op.PSHUFFLE, Ymm.Y7, Ymm.Y7, Ymm.Y5);
        }
        if (moved) {
            a.load(Ymm.Y5, a.bytes(same));
            a.op(Op.PSHUFFLE, y, y, Ymm.Y5);
        }
        if (crossing) {
            a.op(Op.POR, y, y, Ymm.Y7);
        }
    }

    // ----------------------------------------------------------------------------------------------- one row

    /**
     * One row times panels.
     *
     * <p>{@code f(panels, number of panels, records of x, y, units | add << 32, bias or 0)}: {@code y[32 * number] = panels * x
     * (+ bias) (+ y, if add)}. A unit is a super-block, or a block where there are none.
     */
    byte[] dot() {
        Assembler a = new Assembler();
        BlockCode block = new BlockCode(a, layout, RDI);
        a.push(RBX);
        a.sub(RSP, BlockCode.STACK);
        a.mov(RBX, R8);
        a.shr(RBX, 32); // whether to add
        a.shl(R8, 32);
        a.shr(R8, 32);
        block.prepare();
        Label panel = a.here();
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.zero(Ymm.of(g));
        }
        a.mov(R10, RDX);
        a.mov(R11, R8);
        Label units = a.here();
        blocks(
                a,
                block,
                RAX,
                () -> {
                    int parts = halved ? 2 : 1;
                    for (int part = 0; part < parts; part++) {
                        dotPart(a, block, part, parts);
                    }
                },
                () -> a.add(R10, RECORD));
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, units);
        ProductCode.finishRow(a);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, panel);
        a.add(RSP, BlockCode.STACK);
        a.pop(RBX);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** The columns under one scale: whole sums in Y4 to Y7, added to Y0 to Y3. */
    private void dotPart(Assembler a, BlockCode block, int part, int parts) {
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            if (centre > 0) {
                a.broadcast(Ymm.of(4 + g), Mem.at(R10, START + 4 * part));
            } else if (dots) {
                a.zero(Ymm.of(4 + g));
            }
        }
        int steps = block.steps() / parts;
        for (int step = part * steps; step < (part + 1) * steps; step++) {
            int first = block.firstPair(step);
            int end = Math.min(block.firstPair(step + 1), BlockCode.PAIRS);
            for (int pair = first; pair < end; pair++) {
                a.broadcast(Ymm.of(8 + pair - first), Mem.at(R10, STEPS + 4 * pair));
            }
            boolean fresh = centre == 0 && step == 0;
            for (int g = 0; g < BlockCode.GROUPS; g++) {
                ahead(a, block, BlockCode.GROUPS * step + g);
                Ymm sum = Ymm.of(4 + g);
                block.pairs(
                        step,
                        g,
                        (pair, codes) -> madd(a, sum, codes, Ymm.of(8 + pair - first), codes, fresh && pair == 0));
            }
        }
        a.broadcast(Ymm.Y8, Mem.at(R10, STEP));
        if (layout.minimum) {
            a.broadcast(Ymm.Y9, Mem.at(R10, SUM));
        }
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            block.scale(g, part);
            a.op(Op.MUL, Ymm.Y13, Ymm.Y13, Ymm.Y8);
            a.toFloats(Ymm.of(4 + g), Ymm.of(4 + g));
            a.op(Op.FMA231, Ymm.of(g), Ymm.of(4 + g), Ymm.Y13);
            if (layout.minimum) {
                block.minimum(g);
                a.op(Op.FMA231, Ymm.of(g), Ymm.Y13, Ymm.Y9);
            }
        }
    }

    /** One of as many places in a block as groups have steps: has its share of a later block's lines brought nearer. */
    private static void ahead(Assembler a, BlockCode block, int place) {
        int places = BlockCode.GROUPS * block.steps();
        int lines = block.blockBytes() / LINE;
        for (int line = place * lines / places; line < (place + 1) * lines / places; line++) {
            a.prefetch(Mem.at(RDI, AHEAD + LINE * line));
        }
    }

    /** {@code sum += x * y} by pairs, or {@code sum = x * y} at first (of dot products the sum must be 0 then). */
    private void madd(Assembler a, Ymm sum, Ymm x, Ymm y, Ymm spare, boolean first) {
        if (dots) {
            a.dotWords(sum, x, y);
        } else if (first) {
            a.op(Op.PMADD, sum, x, y);
        } else {
            a.op(Op.PMADD, spare, x, y);
            a.op(Op.PADD, sum, sum, spare);
        }
    }

    /** The blocks of one super-block, or the one block where there are none; RDI moves on. */
    private void blocks(Assembler a, BlockCode block, Gp counter, Runnable inBlock, Runnable afterBlock) {
        Label loop = new Label();
        if (layout.nested()) {
            block.superHeader();
            a.add(RDI, 4 * layout.superHeaderWords);
            a.mov(counter, layout.superColumns / Layout.BLOCK);
            a.set(loop);
        }
        inBlock.run();
        a.add(RDI, block.blockBytes());
        afterBlock.run();
        if (layout.nested()) {
            a.dec(counter);
            a.jump(Condition.NOT_EQUAL, loop);
        }
    }

    // ---------------------------------------------------------------------------------------------- many rows

    /** Bytes of scales, and minima, of a widened block. */
    int scaleBytes() {
        return ROW_BYTES * (halved || layout.minimum ? 2 : 1);
    }

    /**
     * Decodes blocks of one panel, for several rows.
     *
     * <p>{@code f(place in the panel, units, codes, scales)}: {@code codes[2, 128, 16]} of pairs of signed 16-bit numbers, one
     * half of the panel after the other; {@code scales[blocks, 1 or 2, 32]}: scales, or scales and minima, or the scales of both halves.
     */
    byte[] expand() {
        Assembler a = new Assembler();
        a.sub(RSP, BlockCode.STACK);
        BlockCode block = new BlockCode(a, layout, RDI);
        block.prepare();
        if (centre > 0) {
            a.load(Ymm.Y11, a.ints(centre << 16 | centre));
        }
        Label loop = a.here();
        blocks(
                a,
                block,
                RAX,
                () -> {
                    for (int g = 0; g < BlockCode.GROUPS; g++) {
                        int at = 32 * g;
                        int to = g / 2 * HALF_BYTES + 32 * (g % 2);
                        for (int step = 0; step < block.steps(); step++) {
                            block.pairs(step, g, (pair, codes) -> {
                                if (centre > 0) {
                                    a.op(Op.PSUB_WORDS, codes, codes, Ymm.Y11);
                                }
                                a.store(Mem.at(RDX, ROW_BYTES / 2 * pair + to), codes);
                            });
                        }
                        for (int part = 0; part < (halved ? 2 : 1); part++) {
                            block.scale(g, part);
                            a.store(Mem.at(RCX, ROW_BYTES * part + at), Ymm.Y13);
                        }
                        if (layout.minimum) {
                            block.minimum(g);
                            a.store(Mem.at(RCX, ROW_BYTES + at), Ymm.Y13);
                        }
                    }
                },
                () -> {
                    a.add(RDX, BlockCode.PAIRS * ROW_BYTES / 2);
                    a.sub(RCX, -scaleBytes());
                });
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, loop);
        a.add(RSP, BlockCode.STACK);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** Places of the numbers that {@link #tiles} finds at the address it is given. */
    static final int X = 0;

    static final int X_STRIDE = 8;
    static final int CODES = 16;
    static final int SCALES = 24;
    static final int Y = 32;
    static final int BLOCKS = 40;
    static final int TILES = 48;
    static final int MORE = 56;

    /** Bytes of these numbers. */
    static final int TILE_ARGUMENTS = 64;

    /**
     * Rows of x times a widened panel: {@code y[r, 32]}, plus what y holds if MORE is not 0, as the start of the sums.
     *
     * <p>{@code f(address of the arguments)}: records of x and the bytes between rows of them; what {@link #expand} gave; y,
     * rows of 32 floats; how many blocks of columns; how many tiles of rows.
     *
     * @param rows of a tile, 1 to 6
     */
    byte[] tiles(int rows) {
        Assembler a = new Assembler();
        Gp[] saved = {RBX, RBP, R12, R13, R14, R15};
        for (Gp r : saved) {
            a.push(r);
        }
        // RDI arguments; RSI x of the tile; RCX y of the tile; RDX codes, R15 scales and RAX x now, RBX x now + 3
        // strides;
        // R8 x stride; R9 3 * x stride; R10 and R12 codes and scales of the panel's half; R11 blocks left; RBP tiles
        // left;
        // R13 halves left; R14 y of the half
        a.mov(R8, Mem.at(RDI, X_STRIDE));
        a.lea(R9, Mem.at(R8, R8, 2, 0));
        a.mov(R10, Mem.at(RDI, CODES));
        a.mov(R12, Mem.at(RDI, SCALES));
        a.mov(R14, Mem.at(RDI, Y));
        a.mov(R13, 2);
        Label half = a.here();
        a.mov(RSI, Mem.at(RDI, X));
        a.mov(RCX, R14);
        a.mov(RBP, Mem.at(RDI, TILES));
        Label tile = a.here();
        Label begun = new Label();
        a.mov(RAX, Mem.at(RDI, MORE));
        a.test(RAX);
        a.jump(Condition.NOT_EQUAL, begun);
        a.zero(Ymm.Y15);
        for (int i = 0; i < 2 * rows; i++) {
            a.store(Mem.at(RCX, ROW_BYTES * (i / 2) + 32 * (i % 2)), Ymm.Y15);
        }
        a.set(begun);
        a.mov(RDX, R10);
        a.mov(R15, R12);
        a.mov(RAX, RSI);
        a.lea(RBX, Mem.at(RSI, R9, 1, 0));
        a.mov(R11, Mem.at(RDI, BLOCKS));
        a.align();
        Label block = a.here();
        int parts = halved ? 2 : 1;
        for (int part = 0; part < parts; part++) {
            tilePart(a, rows, part, BlockCode.PAIRS / parts);
        }
        a.add(RDX, BlockCode.PAIRS * ROW_BYTES / 2);
        a.sub(R15, -scaleBytes());
        a.add(RAX, RECORD);
        a.add(RBX, RECORD);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, block);
        for (int r = 0; r < rows; r++) {
            a.add(RSI, R8);
        }
        a.add(RCX, ROW_BYTES * rows);
        a.dec(RBP);
        a.jump(Condition.NOT_EQUAL, tile);
        a.add(R10, HALF_BYTES);
        a.add(R12, ROW_BYTES / 2);
        a.add(R14, ROW_BYTES / 2);
        a.dec(R13);
        a.jump(Condition.NOT_EQUAL, half);
        for (int i = saved.length - 1; i >= 0; i--) {
            a.pop(saved[i]);
        }
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    private void tilePart(Assembler a, int rows, int part, int pairs) {
        if (dots) {
            for (int i = 0; i < 2 * rows; i++) {
                a.zero(Ymm.of(i));
            }
        }
        for (int pair = part * pairs; pair < (part + 1) * pairs; pair++) {
            boolean first = pair == part * pairs;
            a.load(Ymm.Y12, Mem.at(RDX, ROW_BYTES / 2 * pair));
            a.load(Ymm.Y13, Mem.at(RDX, ROW_BYTES / 2 * pair + 32));
            for (int r = 0; r < rows; r++) {
                a.broadcast(Ymm.Y14, record(r, STEPS + 4 * pair));
                madd(a, Ymm.of(2 * r), Ymm.Y14, Ymm.Y12, Ymm.Y15, first);
                madd(a, Ymm.of(2 * r + 1), Ymm.Y14, Ymm.Y13, Ymm.Y14, first);
            }
        }
        int scales = halved ? ROW_BYTES * part : 0;
        for (int r = 0; r < rows; r++) {
            a.broadcast(Ymm.Y14, record(r, STEP));
            if (layout.minimum) {
                a.broadcast(Ymm.Y13, record(r, SUM));
            }
            for (int i = 0; i < 2; i++) {
                Ymm sum = Ymm.of(2 * r + i);
                Mem y = Mem.at(RCX, ROW_BYTES * r + 32 * i);
                a.op(Op.MUL, Ymm.Y15, Ymm.Y14, Mem.at(R15, scales + 32 * i));
                a.toFloats(sum, sum);
                a.op(Op.FMA213, sum, Ymm.Y15, y);
                if (layout.minimum) {
                    a.op(Op.FMA231, sum, Ymm.Y13, Mem.at(R15, ROW_BYTES + 32 * i));
                }
                a.store(y, sum);
            }
        }
    }

    private static Mem record(int r, int at) {
        Gp base = r < 3 ? RAX : RBX;
        return r % 3 == 0 ? Mem.at(base, at) : Mem.at(base, R8, r % 3, at);
    }
}
