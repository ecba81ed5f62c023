//! Pictures of bodies that never lived: ellipsoids on a grid, in integers, so that every machine
//! draws the same bytes.

/// Length of the half axis of the drawn space: coordinates run from `-UNIT` to `UNIT`.
const UNIT: i64 = 1_000;

/// One ellipsoid, in thousandths of the half width of the picture. Later ones cover earlier ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ellipsoid {
    /// Centre: right, down, towards the head.
    pub(crate) centre: [i64; 3],
    /// Half axes, each above zero.
    pub(crate) radii: [i64; 3],
    /// The pixel value inside.
    pub(crate) value: u16,
}

/// A chest: skin, lungs, spine, heart, and one round spot to find.
pub(crate) const CHEST: &[Ellipsoid] = &[
    body([0, 0, 0], [900, 660, 2_400], 1_040),
    body([-400, -40, 0], [320, 460, 1_100], 180),
    body([400, -40, 0], [320, 460, 1_100], 180),
    body([0, 430, 0], [130, 130, 4_000], 1_750),
    body([120, -60, -200], [260, 240, 620], 1_090),
    body([-460, -120, 250], [70, 70, 160], 1_120),
];

/// A head: skull, brain, ventricles, and one bright spot.
pub(crate) const HEAD: &[Ellipsoid] = &[
    body([0, 0, -200], [720, 880, 1_300], 900),
    body([0, 0, -200], [650, 810, 1_200], 420),
    body([-130, -60, 0], [90, 300, 500], 90),
    body([130, -60, 0], [90, 300, 500], 90),
    body([330, 280, 300], [90, 90, 240], 1_300),
];

const fn body(centre: [i64; 3], radii: [i64; 3], value: u16) -> Ellipsoid {
    Ellipsoid {
        centre,
        radii,
        value,
    }
}

impl Ellipsoid {
    /// The squared distance from the centre along one axis, in half axes, times `UNIT` squared.
    fn part(&self, axis: usize, at: i64) -> i64 {
        let centre = self.centre.get(axis).copied().unwrap_or(0);
        let radius = self.radii.get(axis).copied().unwrap_or(1);
        ((at - centre) * UNIT / radius).pow(2)
    }
}

/// Where the middle of pixel or slice `index` of `count` lies, in thousandths.
pub(crate) fn position(index: u16, count: u16) -> i64 {
    (2 * i64::from(index) + 1 - i64::from(count)) * UNIT / i64::from(count.max(1))
}

/// The plane at height `z` (thousandths) through `bodies`, `side` × `side` pixels row by row, with
/// the word DEMO in `ink` in its upper left corner.
pub(crate) fn plane(bodies: &[Ellipsoid], side: u16, z: i64, ink: u16) -> Vec<u16> {
    let width = usize::from(side);
    let mut pixels = vec![0; width * width];
    for body in bodies {
        for (y, row) in (0..side).zip(pixels.chunks_exact_mut(width)) {
            let left = UNIT.pow(2) - body.part(2, z) - body.part(1, position(y, side));
            if left < 0 {
                continue;
            }
            for (x, pixel) in (0..side).zip(row) {
                if body.part(0, position(x, side)) <= left {
                    *pixel = body.value;
                }
            }
        }
    }
    for (y, row) in (0..side).zip(pixels.chunks_exact_mut(width)) {
        for (x, pixel) in (0..side).zip(row) {
            if inked(y, x) {
                *pixel = ink;
            }
        }
    }
    pixels
}

/// The word DEMO, five rows of three-pixel letters, from pixel (2, 2) on.
fn inked(row: u16, column: u16) -> bool {
    const WORD: [&[u8; 15]; 5] = [
        b"##..###.#.#.###",
        b"#.#.#...###.#.#",
        b"#.#.###.###.#.#",
        b"#.#.#...#.#.#.#",
        b"##..###.#.#.###",
    ];
    let (Some(row), Some(column)) = (row.checked_sub(2), column.checked_sub(2)) else {
        return false;
    };
    let line = WORD.get(usize::from(row));
    line.and_then(|line| line.get(usize::from(column))) == Some(&b'#')
}

/// One 8-bit frame in RLE Lossless (PS3.5 Annex G): a header of 16 words, then one segment in
/// which each row is packed by itself (§G.3.1). `width` is above zero.
pub(crate) fn rle_frame(pixels: &[u8], width: usize) -> Vec<u8> {
    let mut frame = vec![0; 64];
    for (at, word) in frame.chunks_exact_mut(4).zip([1_u32, 64]) {
        at.copy_from_slice(&word.to_le_bytes());
    }
    for row in pixels.chunks(width) {
        pack_row(row, &mut frame);
    }
    if frame.len() % 2 == 1 {
        frame.push(0);
    }
    frame
}

/// PackBits: a run of 2 to 128 equal bytes is a count of `257 - n` and the byte, anything else a
/// count of `n - 1` and the bytes.
fn pack_row(mut row: &[u8], out: &mut Vec<u8>) {
    while let Some(first) = row.first() {
        let run = row.iter().take(128).take_while(|b| *b == first).count();
        let taken = if run > 1 {
            out.push(u8::try_from(257 - run).unwrap_or(u8::MAX));
            out.push(*first);
            run
        } else {
            let literal = row
                .windows(2)
                .take(127)
                .take_while(|pair| pair.first() != pair.last())
                .count()
                .max(1);
            out.push(u8::try_from(literal - 1).unwrap_or(0));
            out.extend(row.iter().take(literal));
            literal
        };
        row = row.split_at_checked(taken).map_or(&[], |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(mut packed: &[u8], length: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while out.len() < length {
            let count = packed[0];
            if count < 128 {
                let end = usize::from(count) + 2;
                out.extend_from_slice(&packed[1..end]);
                packed = &packed[end..];
            } else {
                out.resize(out.len() + 257 - usize::from(count), packed[1]);
                packed = &packed[2..];
            }
        }
        out
    }

    #[test]
    fn packed_rows_unpack_to_what_they_were() {
        let side = 64;
        let pixels: Vec<u8> = plane(HEAD, side, 0, 255)
            .into_iter()
            .enumerate()
            .map(|(at, value)| {
                let noise = if at % 7 < 3 { at % 256 } else { 0 };
                u8::try_from(value / 8).unwrap() ^ u8::try_from(noise).unwrap()
            })
            .collect();
        let frame = rle_frame(&pixels, usize::from(side));
        assert_eq!(frame[..8], [1, 0, 0, 0, 64, 0, 0, 0]);
        assert_eq!(unpack(&frame[64..], pixels.len()), pixels);
    }

    #[test]
    fn a_later_body_covers_an_earlier_one() {
        let middle = plane(CHEST, 64, 0, 4_000);
        assert_eq!(middle[0], 0, "air around the body");
        assert!(middle.contains(&1_750), "the spine is in the plane");
        assert!(middle.contains(&4_000), "the ink is in the plane");
    }
}
