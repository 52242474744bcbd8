//! What the runtime gives and the crates do not: sysvars on every target, and C's memory functions on upstream LLVM's.

use pinocchio::{
    error::ProgramError,
    sysvars::{clock::CLOCK_ID, get_sysvar, rent::RENT_ID},
};

use crate::error::VaultError;

/// `unix_timestamp` follows slot, epoch start, epoch and leader schedule epoch, eight bytes each.
const UNIX_TIMESTAMP_OFFSET: usize = 32;

/// Lamports are charged for this many bytes beyond an account's data.
const ACCOUNT_OVERHEAD_BYTES: u64 = 128;
const MAX_LAMPORTS_PER_BYTE: u64 = u32::MAX as u64;

/// Rent's exemption threshold as the bits of an f64: years that were to be paid ahead, before SIMD-0194 folded them into the rate.
const THRESHOLD_ONE: u64 = 0x3ff0_0000_0000_0000;
const THRESHOLD_TWO_YEARS: u64 = 0x4000_0000_0000_0000;

/// The block's time in seconds since 1970.
///
/// `Clock::get()` answers zeroes on upstream LLVM's target, hence the syscall by hand (`Rent::get()` likewise).
pub fn unix_timestamp_seconds() -> Result<i64, ProgramError> {
    let mut seconds = [0u8; 8];
    get_sysvar(&mut seconds, &CLOCK_ID, UNIX_TIMESTAMP_OFFSET)?;
    Ok(i64::from_le_bytes(seconds))
}

/// The lamports that keep an account of `data_len` bytes alive.
pub fn rent_exempt_lamports(data_len: u64) -> Result<u64, ProgramError> {
    let (mut rate, mut threshold) = ([0u8; 8], [0u8; 8]);
    get_sysvar(&mut rate, &RENT_ID, 0)?;
    get_sysvar(&mut threshold, &RENT_ID, rate.len())?;
    let lamports_per_byte = u64::from_le_bytes(rate);
    if lamports_per_byte > MAX_LAMPORTS_PER_BYTE {
        return Err(VaultError::Overflow.into());
    }
    // Bounded above, so it cannot wrap; upstream LLVM has no overflow-checked multiplication of u64.
    let base = (ACCOUNT_OVERHEAD_BYTES + data_len).wrapping_mul(lamports_per_byte);
    match u64::from_le_bytes(threshold) {
        THRESHOLD_ONE => Ok(base),
        THRESHOLD_TWO_YEARS => Ok(base << 1),
        _ => Err(ProgramError::UnsupportedSysvar),
    }
}

/// LLVM lowers copies and comparisons to these; Debian's BPF core carries none.
#[cfg(target_arch = "bpf")]
mod memory {
    use pinocchio::syscalls::{sol_memcmp_, sol_memcpy_, sol_memmove_, sol_memset_};

    #[no_mangle]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
        unsafe { sol_memcpy_(to, from, len as u64) };
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
        unsafe { sol_memmove_(to, from, len as u64) };
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
        unsafe { sol_memset_(to, byte as u8, len as u64) };
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
        let mut order = 0i32;
        unsafe { sol_memcmp_(one, other, len as u64, &mut order) };
        order
    }
}
