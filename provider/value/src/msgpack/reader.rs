//! The tokens of a MessagePack text. Lengths are checked against the bytes that are left, so that
//! a false one can neither reserve memory nor read beyond the end.

use rmp::Marker;

use crate::error::Problem;

/// One token: a scalar, or the head of an array or map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    Nil,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Array(usize),
    Map(usize),
    Extension(i8, &'a [u8]),
}

impl Token<'_> {
    /// What kind of thing this is, for errors.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "null",
            Self::Bool(_) => "a bool",
            Self::Signed(_) | Self::Unsigned(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::Binary(_) => "bytes",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Extension(..) => "an unknown value",
        }
    }
}

/// Reads tokens from the front of a slice.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next token.
    pub fn token(&mut self) -> Result<Token<'a>, Problem> {
        Ok(match Marker::from_u8(self.number::<1>()?[0]) {
            Marker::Null => Token::Nil,
            Marker::True => Token::Bool(true),
            Marker::False => Token::Bool(false),
            Marker::FixPos(number) => Token::Unsigned(number.into()),
            Marker::FixNeg(number) => Token::Signed(number.into()),
            Marker::U8 => Token::Unsigned(u8::from_be_bytes(self.number()?).into()),
            Marker::U16 => Token::Unsigned(u16::from_be_bytes(self.number()?).into()),
            Marker::U32 => Token::Unsigned(u32::from_be_bytes(self.number()?).into()),
            Marker::U64 => Token::Unsigned(u64::from_be_bytes(self.number()?)),
            Marker::I8 => Token::Signed(i8::from_be_bytes(self.number()?).into()),
            Marker::I16 => Token::Signed(i16::from_be_bytes(self.number()?).into()),
            Marker::I32 => Token::Signed(i32::from_be_bytes(self.number()?).into()),
            Marker::I64 => Token::Signed(i64::from_be_bytes(self.number()?)),
            Marker::F32 => Token::Float(f32::from_be_bytes(self.number()?).into()),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.number()?)),
            Marker::FixStr(length) => Token::Text(self.take(length.into())?),
            Marker::Str8 => Token::Text(self.sized::<1>()?),
            Marker::Str16 => Token::Text(self.sized::<2>()?),
            Marker::Str32 => Token::Text(self.sized::<4>()?),
            Marker::Bin8 => Token::Binary(self.sized::<1>()?),
            Marker::Bin16 => Token::Binary(self.sized::<2>()?),
            Marker::Bin32 => Token::Binary(self.sized::<4>()?),
            Marker::FixArray(length) => Token::Array(self.at_least(length.into())?),
            Marker::Array16 => Token::Array(self.counted::<2>()?),
            Marker::Array32 => Token::Array(self.counted::<4>()?),
            Marker::FixMap(length) => Token::Map(self.at_least(length.into())?),
            Marker::Map16 => Token::Map(self.counted::<2>()?),
            Marker::Map32 => Token::Map(self.counted::<4>()?),
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.sized_extension::<1>()?,
            Marker::Ext16 => self.sized_extension::<2>()?,
            Marker::Ext32 => self.sized_extension::<4>()?,
            Marker::Reserved => {
                return Err(Problem::Mismatch { expected: "a value", found: "a reserved byte" });
            }
        })
    }

    /// Passes over one whole value.
    pub fn skip(&mut self) -> Result<(), Problem> {
        let mut pending: usize = 1;
        while pending > 0 {
            pending -= 1;
            pending = pending.saturating_add(match self.token()? {
                Token::Array(length) => length,
                Token::Map(length) => length.saturating_mul(2),
                _ => 0,
            });
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Problem> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Problem::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Problem::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn length<const N: usize>(&mut self) -> Result<usize, Problem> {
        let bytes: [u8; N] = self.number()?;
        Ok(bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)))
    }

    fn sized<const N: usize>(&mut self) -> Result<&'a [u8], Problem> {
        let length = self.length::<N>()?;
        self.take(length)
    }

    fn counted<const N: usize>(&mut self) -> Result<usize, Problem> {
        let length = self.length::<N>()?;
        self.at_least(length)
    }

    /// Each element takes a byte at least, so that more elements than bytes are a lie.
    const fn at_least(&self, length: usize) -> Result<usize, Problem> {
        if length > self.rest.len() { Err(Problem::Truncated) } else { Ok(length) }
    }

    fn extension(&mut self, length: usize) -> Result<Token<'a>, Problem> {
        let code = i8::from_be_bytes(self.number()?);
        Ok(Token::Extension(code, self.take(length)?))
    }

    fn sized_extension<const N: usize>(&mut self) -> Result<Token<'a>, Problem> {
        let length = self.length::<N>()?;
        self.extension(length)
    }
}
