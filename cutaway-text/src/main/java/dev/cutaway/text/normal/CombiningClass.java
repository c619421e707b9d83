package dev.cutaway.text.normal;

import java.util.Arrays;

/** Unicode's canonical combining classes, which {@code java.text.Normalizer} uses but does not show. */
final class CombiningClass {
    /** {@code start.more.class}, hexadecimal: {@code more} further characters after {@code start} have the same class. */
    private static final String RANGES = """
            300.14.e6 315.0.e8 316.3.dc 31a.0.e8 31b.0.d8 31c.4.dc 321.1.ca 323.3.dc 327.1.ca 329.a.dc 334.4.1
            339.3.dc 33d.7.e6 345.0.f0 346.0.e6 347.2.dc 34a.2.e6 34d.1.dc 350.2.e6 353.3.dc 357.0.e6 358.0.e8
            359.1.dc 35b.0.e6 35c.0.e9 35d.1.ea 35f.0.e9 360.1.ea 362.0.e9 363.c.e6 483.4.e6 591.0.dc 592.3.e6
            596.0.dc 597.2.e6 59a.0.de 59b.0.dc 59c.5.e6 5a2.5.dc 5a8.1.e6 5aa.0.dc 5ab.1.e6 5ad.0.de 5ae.0.e4
            5af.0.e6 5b0.0.a 5b1.0.b 5b2.0.c 5b3.0.d 5b4.0.e 5b5.0.f 5b6.0.10 5b7.0.11 5b8.0.12 5b9.1.13 5bb.0.14
            5bc.0.15 5bd.0.16 5bf.0.17 5c1.0.18 5c2.0.19 5c4.0.e6 5c5.0.dc 5c7.0.12 610.7.e6 618.0.1e 619.0.1f
            61a.0.20 64b.0.1b 64c.0.1c 64d.0.1d 64e.0.1e 64f.0.1f 650.0.20 651.0.21 652.0.22 653.1.e6 655.1.dc
            657.4.e6 65c.0.dc 65d.1.e6 65f.0.dc 670.0.23 6d6.6.e6 6df.3.e6 6e3.0.dc 6e4.0.e6 6e7.1.e6 6ea.0.dc
            6eb.1.e6 6ed.0.dc 711.0.24 730.0.e6 731.0.dc 732.1.e6 734.0.dc 735.1.e6 737.2.dc 73a.0.e6 73b.1.dc
            73d.0.e6 73e.0.dc 73f.2.e6 742.0.dc 743.0.e6 744.0.dc 745.0.e6 746.0.dc 747.0.e6 748.0.dc 749.1.e6
            7eb.6.e6 7f2.0.dc 7f3.0.e6 7fd.0.dc 816.3.e6 81b.8.e6 825.2.e6 829.4.e6 859.2.dc 898.0.e6 899.2.dc
            89c.3.e6 8ca.4.e6 8cf.4.dc 8d4.d.e6 8e3.0.dc 8e4.1.e6 8e6.0.dc 8e7.1.e6 8e9.0.dc 8ea.2.e6 8ed.2.dc
            8f0.0.1b 8f1.0.1c 8f2.0.1d 8f3.2.e6 8f6.0.dc 8f7.1.e6 8f9.1.dc 8fb.4.e6 93c.0.7 94d.0.9 951.0.e6 952.0.dc
            953.1.e6 9bc.0.7 9cd.0.9 9fe.0.e6 a3c.0.7 a4d.0.9 abc.0.7 acd.0.9 b3c.0.7 b4d.0.9 bcd.0.9 c3c.0.7 c4d.0.9
            c55.0.54 c56.0.5b cbc.0.7 ccd.0.9 d3b.1.9 d4d.0.9 dca.0.9 e38.1.67 e3a.0.9 e48.3.6b eb8.1.76 eba.0.9
            ec8.3.7a f18.1.dc f35.0.dc f37.0.dc f39.0.d8 f71.0.81 f72.0.82 f74.0.84 f7a.3.82 f80.0.82 f82.1.e6
            f84.0.9 f86.1.e6 fc6.0.dc 1037.0.7 1039.1.9 108d.0.dc 135d.2.e6 1714.1.9 1734.0.9 17d2.0.9 17dd.0.e6
            18a9.0.e4 1939.0.de 193a.0.e6 193b.0.dc 1a17.0.e6 1a18.0.dc 1a60.0.9 1a75.7.e6 1a7f.0.dc 1ab0.4.e6
            1ab5.5.dc 1abb.1.e6 1abd.0.dc 1abf.1.dc 1ac1.1.e6 1ac3.1.dc 1ac5.4.e6 1aca.0.dc 1acb.3.e6 1b34.0.7
            1b44.0.9 1b6b.0.e6 1b6c.0.dc 1b6d.6.e6 1baa.1.9 1be6.0.7 1bf2.1.9 1c37.0.7 1cd0.2.e6 1cd4.0.1 1cd5.4.dc
            1cda.1.e6 1cdc.3.dc 1ce0.0.e6 1ce2.6.1 1ced.0.dc 1cf4.0.e6 1cf8.1.e6 1dc0.1.e6 1dc2.0.dc 1dc3.6.e6
            1dca.0.dc 1dcb.1.e6 1dcd.0.ea 1dce.0.d6 1dcf.0.dc 1dd0.0.ca 1dd1.24.e6 1df6.0.e8 1df7.1.e4 1df9.0.dc
            1dfa.0.da 1dfb.0.e6 1dfc.0.e9 1dfd.0.dc 1dfe.0.e6 1dff.0.dc 20d0.1.e6 20d2.1.1 20d4.3.e6 20d8.2.1
            20db.1.e6 20e1.0.e6 20e5.1.1 20e7.0.e6 20e8.0.dc 20e9.0.e6 20ea.1.1 20ec.3.dc 20f0.0.e6 2cef.2.e6
            2d7f.0.9 2de0.1f.e6 302a.0.da 302b.0.e4 302c.0.e8 302d.0.de 302e.1.e0 3099.1.8 a66f.0.e6 a674.9.e6
            a69e.1.e6 a6f0.1.e6 a806.0.9 a82c.0.9 a8c4.0.9 a8e0.11.e6 a92b.2.dc a953.0.9 a9b3.0.7 a9c0.0.9 aab0.0.e6
            aab2.1.e6 aab4.0.dc aab7.1.e6 aabe.1.e6 aac1.0.e6 aaf6.0.9 abed.0.9 fb1e.0.1a fe20.6.e6 fe27.6.dc
            fe2e.1.e6 101fd.0.dc 102e0.0.dc 10376.4.e6 10a0d.0.dc 10a0f.0.e6 10a38.0.e6 10a39.0.1 10a3a.0.dc
            10a3f.0.9 10ae5.0.e6 10ae6.0.dc 10d24.3.e6 10eab.1.e6 10f46.1.dc 10f48.2.e6 10f4b.0.dc 10f4c.0.e6
            10f4d.3.dc 10f82.0.e6 10f83.0.dc 10f84.0.e6 10f85.0.dc 11046.0.9 11070.0.9 1107f.0.9 110b9.0.9 110ba.0.7
            11100.2.e6 11133.1.9 11173.0.7 111c0.0.9 111ca.0.7 11235.0.9 11236.0.7 112e9.0.7 112ea.0.9 1133b.1.7
            1134d.0.9 11366.6.e6 11370.4.e6 11442.0.9 11446.0.7 1145e.0.e6 114c2.0.9 114c3.0.7 115bf.0.9 115c0.0.7
            1163f.0.9 116b6.0.9 116b7.0.7 1172b.0.9 11839.0.9 1183a.0.7 1193d.1.9 11943.0.7 119e0.0.9 11a34.0.9
            11a47.0.9 11a99.0.9 11c3f.0.9 11d42.0.7 11d44.1.9 11d97.0.9 16af0.4.1 16b30.6.e6 16ff0.1.6 1bc9e.0.1
            1d165.1.d8 1d167.2.1 1d16d.0.e2 1d16e.4.d8 1d17b.7.dc 1d185.4.e6 1d18a.1.dc 1d1aa.3.e6 1d242.2.e6
            1e000.6.e6 1e008.10.e6 1e01b.6.e6 1e023.1.e6 1e026.4.e6 1e130.6.e6 1e2ae.0.e6 1e2ec.3.e6 1e8d0.6.dc
            1e944.5.e6 1e94a.0.7
            """;

    private static final int[] STARTS;
    private static final int[] ENDS;
    private static final int[] CLASSES;

    static {
        String[] ranges = RANGES.trim().split("\\s+");
        STARTS = new int[ranges.length];
        ENDS = new int[ranges.length];
        CLASSES = new int[ranges.length];
        for (int i = 0; i < ranges.length; i++) {
            String[] part = ranges[i].split("\\.");
            STARTS[i] = Integer.parseInt(part[0], 16);
            ENDS[i] = STARTS[i] + Integer.parseInt(part[1], 16);
            CLASSES[i] = Integer.parseInt(part[2], 16);
        }
    }

    private CombiningClass() {}

    /** The class of a character, 0 for one that does not combine. */
    static int of(int codePoint) {
        if (codePoint < 0x300) {
            return 0;
        }
        int at = Arrays.binarySearch(STARTS, codePoint);
        if (at < 0) {
            at = -at - 2;
        }
        return at >= 0 && codePoint <= ENDS[at] ? CLASSES[at] : 0;
    }
}
