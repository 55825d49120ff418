//! Threefry2x32 with 20 rounds, after Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
//! easy as 1, 2, 3" (SC 2011). Additions, rotations and exclusive-or only, hence the same on a GPU.

const PARITY: u32 = 0x1bd1_1bda;

/// Four rounds with their rotations.
#[inline]
const fn rounds(mut x: [u32; 2], rotations: [u32; 4]) -> [u32; 2] {
    let [first, second, third, fourth] = rotations;
    x[0] = x[0].wrapping_add(x[1]);
    x[1] = x[1].rotate_left(first) ^ x[0];
    x[0] = x[0].wrapping_add(x[1]);
    x[1] = x[1].rotate_left(second) ^ x[0];
    x[0] = x[0].wrapping_add(x[1]);
    x[1] = x[1].rotate_left(third) ^ x[0];
    x[0] = x[0].wrapping_add(x[1]);
    x[1] = x[1].rotate_left(fourth) ^ x[0];
    x
}

/// Adds two words of the key schedule, the second with the number of the injection.
#[inline]
const fn inject(x: [u32; 2], first: u32, second: u32, number: u32) -> [u32; 2] {
    [
        x[0].wrapping_add(first),
        x[1].wrapping_add(second).wrapping_add(number),
    ]
}

/// Encrypts `counter` under `key`: 64 random bits, as two words.
#[inline]
pub const fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    const EVEN: [u32; 4] = [13, 15, 26, 6];
    const ODD: [u32; 4] = [17, 29, 16, 24];
    let [k0, k1] = key;
    let k2 = PARITY ^ k0 ^ k1;
    let x = inject(counter, k0, k1, 0);
    let x = inject(rounds(x, EVEN), k1, k2, 1);
    let x = inject(rounds(x, ODD), k2, k0, 2);
    let x = inject(rounds(x, EVEN), k0, k1, 3);
    let x = inject(rounds(x, ODD), k1, k2, 4);
    inject(rounds(x, EVEN), k2, k0, 5)
}

#[cfg(test)]
mod tests {
    use super::threefry2x32;

    #[test]
    fn known_answers_of_random123() {
        let vectors = [
            ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
            ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
            (
                [0x1319_8a2e, 0x0370_7344],
                [0x243f_6a88, 0x85a3_08d3],
                [0xc492_3a9c, 0x483d_f7a0],
            ),
        ];
        for (key, counter, expected) in vectors {
            assert_eq!(threefry2x32(key, counter), expected);
        }
    }
}
