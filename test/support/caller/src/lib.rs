//! Stands for everybody else's programs in tests: it calls whom it is told to, and says what it is told to say.
//! The first byte of the data chooses; what it does not know, it accepts and ignores, as a program may.
#![no_std]

use pinocchio::{
    cpi::invoke_with_bounds,
    instruction::{InstructionAccount, InstructionView},
    no_allocator, nostd_panic_handler, program_entrypoint, AccountView, Address, ProgramResult,
};

const MAX_ACCOUNTS: usize = 16;
/// Calls the program of the first account with the other accounts and the rest of the data.
const FORWARD: u8 = 0;
/// Writes the rest of the data into the log, in the form that Anchor's log events have.
const LOG: u8 = 1;

program_entrypoint!(process, MAX_ACCOUNTS);
no_allocator!();
nostd_panic_handler!();

fn process(_program_id: &Address, accounts: &mut [AccountView], data: &[u8]) -> ProgramResult {
    match data.split_first() {
        Some((&FORWARD, rest)) => forward(accounts, rest),
        Some((&LOG, rest)) => {
            log(rest);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn forward(accounts: &[AccountView], data: &[u8]) -> ProgramResult {
    let Some((callee, passed)) = accounts.split_first() else {
        return Ok(());
    };
    let mut metas = [const { core::mem::MaybeUninit::<InstructionAccount>::uninit() }; MAX_ACCOUNTS];
    for (meta, account) in metas.iter_mut().zip(passed) {
        meta.write(InstructionAccount {
            address: account.address(),
            is_writable: account.is_writable(),
            is_signer: account.is_signer(),
        });
    }
    // Exactly the first `passed.len()` were written.
    let metas = unsafe { core::slice::from_raw_parts(metas.as_ptr().cast(), passed.len()) };
    invoke_with_bounds::<MAX_ACCOUNTS, _>(&InstructionView { program_id: callee.address(), accounts: metas, data }, passed)
}

fn log(bytes: &[u8]) {
    #[cfg(target_arch = "bpf")]
    unsafe {
        solana_define_syscall::definitions::sol_log_data([bytes].as_ptr().cast(), 1)
    };
    #[cfg(not(target_arch = "bpf"))]
    let _ = bytes;
}

/// LLVM lowers copies to these; Debian's BPF core carries none.
#[cfg(target_arch = "bpf")]
mod memory {
    use solana_define_syscall::definitions::{sol_memcpy_, sol_memset_};

    #[no_mangle]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
        unsafe { sol_memcpy_(to, from, len as u64) };
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
        unsafe { sol_memset_(to, byte as u8, len as u64) };
        to
    }
}
