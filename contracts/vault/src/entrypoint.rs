//! Where a call arrives: the first eight bytes choose the instruction, the rest are its arguments.

use pinocchio::{no_allocator, nostd_panic_handler, program_entrypoint, AccountView, Address, ProgramResult};

use crate::{
    error::VaultError,
    instructions::{
        cancel_withdrawal, close_deposit_address, deposit, emit_event, initialize_gateway, open_vault,
        request_withdrawal, settle, sync_vault, update_gateway, withdraw, Call,
    },
};

/// More than any instruction takes, so that a surplus account is seen and refused.
const MAX_ACCOUNTS: usize = 16;
const DISCRIMINATOR_LEN: usize = 8;

program_entrypoint!(process, MAX_ACCOUNTS);
no_allocator!();
nostd_panic_handler!();

/// Inlined: upstream LLVM passes at most five arguments, and slices count twice.
#[inline(always)]
fn process(program_id: &Address, accounts: &mut [AccountView], data: &[u8]) -> ProgramResult {
    let Some((discriminator, arguments)) = data.split_first_chunk::<DISCRIMINATOR_LEN>() else {
        return Err(VaultError::UnknownInstruction.into());
    };
    let call = Call { program_id, accounts, arguments };
    match *discriminator {
        initialize_gateway::DISCRIMINATOR => initialize_gateway::process(call),
        update_gateway::DISCRIMINATOR => update_gateway::process(call),
        open_vault::DISCRIMINATOR => open_vault::process(call),
        deposit::DISCRIMINATOR => deposit::process(call),
        sync_vault::DISCRIMINATOR => sync_vault::process(call),
        settle::DISCRIMINATOR => settle::process(call),
        request_withdrawal::DISCRIMINATOR => request_withdrawal::process(call),
        cancel_withdrawal::DISCRIMINATOR => cancel_withdrawal::process(call),
        withdraw::DISCRIMINATOR => withdraw::process(call),
        close_deposit_address::DISCRIMINATOR => close_deposit_address::process(call),
        emit_event::DISCRIMINATOR => emit_event::process(call),
        _ => Err(VaultError::UnknownInstruction.into()),
    }
}
