//! Inputs without a fuzzer: valid ones that are changed here and there, the same ones every time.

/// A generator of numbers that look random (xorshift64*).
pub struct Numbers(u64);

impl Numbers {
    /// One that begins anywhere but at zero.
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(usize::MAX) % end
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(u8::MAX)
    }
}

/// This many inputs, made of these.
pub fn inputs(seeds: Vec<Vec<u8>>, count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut numbers = Numbers::new(2026);
    (0..count).map(move |_| {
        let mut input = seeds[numbers.below(seeds.len())].clone();
        for _ in 0..numbers.below(6) {
            change(&mut input, &seeds, &mut numbers);
        }
        input
    })
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], numbers: &mut Numbers) {
    if input.is_empty() {
        input.push(numbers.byte());
        return;
    }
    let at = numbers.below(input.len());
    match numbers.below(6) {
        0 => input[at] = numbers.byte(),
        1 => input[at] ^= 1 << numbers.below(8),
        2 => input.truncate(at),
        3 => input.insert(at, numbers.byte()),
        4 => drop(input.remove(at)),
        _ => {
            // The end of another input.
            let other = &seeds[numbers.below(seeds.len())];
            let from = numbers.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}
