//! `cancel_withdrawal()`: takes the pending request back.

use pinocchio::ProgramResult;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    event::{Emitter, WithdrawalCancelledEvent},
    state::Vault,
};

pub const DISCRIMINATOR: [u8; 8] = [0xb7, 0x68, 0xb5, 0xfa, 0x1c, 0x80, 0xd2, 0x46];

/// The gateway is only named, so that its history lists the call.
pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [agent, gateway, vault, event_authority, program] = checks::distinct(accounts)?;
    checks::signer(agent)?;
    checks::writable(vault)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    Reader::new(arguments, VaultError::MalformedArguments).finish()?;

    let mut cancelled = Vault::load(vault, gateway.address(), program_id)?;
    cancelled.check_agent(agent)?;
    let amount = cancelled.pending_withdrawal;
    checks::ensure(amount > 0, VaultError::NoWithdrawalPending)?;
    cancelled.cap_withdrawal(0);
    cancelled.store(vault)?;
    emitter.emit(&WithdrawalCancelledEvent { address: vault.address(), vault: &cancelled, amount })
}
