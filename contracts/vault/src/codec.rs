//! Borsh, as far as this program speaks it: fixed-width little-endian integers, keys, one string.

use pinocchio::{error::ProgramError, Address};

use crate::error::VaultError;

/// Reads fields from the front of a slice; any shortage is `on_shortage`.
pub struct Reader<'a> {
    rest: &'a [u8],
    on_shortage: VaultError,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], on_shortage: VaultError) -> Self {
        Self { rest: bytes, on_shortage }
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ProgramError> {
        let (field, rest) = self.rest.split_first_chunk::<N>().ok_or(self.on_shortage)?;
        self.rest = rest;
        Ok(*field)
    }

    pub fn address(&mut self) -> Result<Address, ProgramError> {
        self.array().map(Address::new_from_array)
    }

    pub fn u8(&mut self) -> Result<u8, ProgramError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u64(&mut self) -> Result<u64, ProgramError> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, ProgramError> {
        self.array().map(i64::from_le_bytes)
    }

    /// A `u32` length and that many bytes, not yet checked to be text.
    pub fn string_bytes(&mut self) -> Result<&'a [u8], ProgramError> {
        let len = u32::from_le_bytes(self.array()?) as usize;
        let (text, rest) = self.rest.split_at_checked(len).ok_or(self.on_shortage)?;
        self.rest = rest;
        Ok(text)
    }

    /// Refuses bytes that no field has taken.
    pub fn finish(self) -> Result<(), ProgramError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.on_shortage.into())
        }
    }
}

/// Writes fields one after the other. Buffers are sized for the largest value, so running out is a defect and panics.
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    pub fn bytes(&mut self, field: &[u8]) {
        let end = self.len + field.len();
        self.buffer[self.len..end].copy_from_slice(field);
        self.len = end;
    }

    pub fn address(&mut self, field: &Address) {
        self.bytes(field.as_array());
    }

    pub fn u8(&mut self, field: u8) {
        self.bytes(&[field]);
    }

    pub fn u64(&mut self, field: u64) {
        self.bytes(&field.to_le_bytes());
    }

    pub fn i64(&mut self, field: i64) {
        self.bytes(&field.to_le_bytes());
    }

    pub fn string(&mut self, text: &[u8]) {
        self.bytes(&(text.len() as u32).to_le_bytes());
        self.bytes(text);
    }

    /// Zeroes what no field has taken, so that a shorter value leaves nothing of a longer one behind.
    pub fn pad(self) {
        self.buffer[self.len..].fill(0);
    }

    /// The bytes written.
    pub fn written(self) -> &'a [u8] {
        &self.buffer[..self.len]
    }
}
