//! Numbers as files hold them.

use std::io::{self, Read};

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberType {
    /// Signed integer of 8 bits.
    I8,
    /// Unsigned integer of 8 bits.
    U8,
    /// Signed integer of 16 bits.
    I16,
    /// Unsigned integer of 16 bits.
    U16,
    /// Signed integer of 32 bits.
    I32,
    /// Unsigned integer of 32 bits.
    U32,
    /// Signed integer of 64 bits.
    I64,
    /// Unsigned integer of 64 bits.
    U64,
    /// Half precision.
    F16,
    /// Half of a single-precision number.
    Bf16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl NumberType {
    /// How many bytes it takes.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::Bf16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::I16 => "i16",
            Self::U16 => "u16",
            Self::I32 => "i32",
            Self::U32 => "u32",
            Self::I64 => "i64",
            Self::U64 => "u64",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// The numbers in `bytes`, appended to `numbers`. 64-bit integers are rounded; all others are
    /// exact.
    fn decode(self, bytes: &[u8], big_endian: bool, numbers: &mut Vec<f64>) {
        macro_rules! decode {
            ($t:ty) => {{
                let read = if big_endian { <$t>::from_be_bytes } else { <$t>::from_le_bytes };
                // The one cast for all types.
                #[allow(clippy::cast_lossless)]
                numbers.extend(bytes.as_chunks().0.iter().map(|&bytes| read(bytes) as f64));
            }};
        }
        let halves = |numbers: &mut Vec<f64>, value: fn(u16) -> f64| {
            let read = if big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
            numbers.extend(bytes.as_chunks().0.iter().map(|&bytes| value(read(bytes))));
        };
        match self {
            Self::I8 => decode!(i8),
            Self::U8 => decode!(u8),
            Self::I16 => decode!(i16),
            Self::U16 => decode!(u16),
            Self::I32 => decode!(i32),
            Self::U32 => decode!(u32),
            Self::I64 => decode!(i64),
            Self::U64 => decode!(u64),
            Self::F16 => halves(numbers, half),
            Self::Bf16 => halves(numbers, |bits| f64::from(f32::from_bits(u32::from(bits) << 16))),
            Self::F32 => decode!(f32),
            Self::F64 => decode!(f64),
        }
    }
}

/// The value of a half-precision number.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    sign * match (bits >> 10) & 0x1f {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * 2_f64.powi(i32::from(exponent) - 15),
    }
}

/// How many numbers are decoded at once.
const PIECE: usize = 8192;

/// The numbers at the head of a reader, read in pieces.
pub struct Numbers<R> {
    reader: R,
    kind: NumberType,
    big_endian: bool,
    left: usize,
    bytes: Vec<u8>,
    piece: Vec<f64>,
    next: usize,
}

impl<R: Read> Numbers<R> {
    /// The next `count` numbers that `reader` gives, of one type.
    pub fn new(reader: R, kind: NumberType, big_endian: bool, count: usize) -> Self {
        let (bytes, piece) = (Vec::new(), Vec::new());
        Self { reader, kind, big_endian, left: count, bytes, piece, next: 0 }
    }

    /// The next number, as `f64`. 64-bit integers are rounded; all others are exact.
    ///
    /// # Errors
    /// If it cannot be read, or there is none.
    #[allow(clippy::should_implement_trait)] // an iterator would end without a word
    pub fn next(&mut self) -> io::Result<f64> {
        if self.next == self.piece.len() {
            self.read()?;
        }
        let number = self.piece.get(self.next).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.next += 1;
        Ok(*number)
    }

    fn read(&mut self) -> io::Result<()> {
        let count = self.left.min(PIECE);
        self.bytes.resize(count * self.kind.size(), 0);
        self.reader.read_exact(&mut self.bytes)?;
        self.left -= count;
        self.piece.clear();
        self.next = 0;
        self.kind.decode(&self.bytes, self.big_endian, &mut self.piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_ieee_754_says() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 2_f64.powi(-14)),
            (0x0001, 2_f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn numbers_come_in_pieces() {
        let bytes: Vec<u8> = (0..20_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut numbers = Numbers::new(bytes.as_slice(), NumberType::U32, true, 20_000);
        for expected in 0..20_000 {
            assert_eq!(numbers.next().unwrap(), f64::from(expected));
        }
        assert_eq!(numbers.next().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut short = Numbers::new(&bytes[..6], NumberType::U32, true, 2);
        assert!(short.next().is_err());
    }
}
