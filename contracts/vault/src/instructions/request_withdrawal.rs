//! `request_withdrawal(amount)`: starts the vault's delay, in which the operator may settle what was signed for.

use pinocchio::ProgramResult;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    event::{Emitter, WithdrawalRequestedEvent},
    platform,
    state::Vault,
};

pub const DISCRIMINATOR: [u8; 8] = [0xfb, 0x55, 0x79, 0xcd, 0x38, 0xc9, 0x0c, 0xb1];

/// The delay is the vault's own, fixed when it was opened. The gateway is only named, so that its history lists the call.
pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [agent, gateway, vault, event_authority, program] = checks::distinct(accounts)?;
    checks::signer(agent)?;
    checks::writable(vault)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    let mut fields = Reader::new(arguments, VaultError::MalformedArguments);
    let amount = fields.u64()?;
    fields.finish()?;
    checks::ensure(amount > 0, VaultError::ZeroAmount)?;

    let mut asked = Vault::load(vault, gateway.address(), program_id)?;
    asked.check_agent(agent)?;
    checks::ensure(asked.pending_withdrawal == 0, VaultError::WithdrawalPending)?;
    checks::ensure(amount <= asked.booked()?, VaultError::BeyondBooks)?;

    let now_seconds = platform::unix_timestamp_seconds()?;
    let due = now_seconds.checked_add(asked.withdrawal_delay_seconds);
    asked.pending_withdrawal = amount;
    asked.withdrawable_at_seconds = due.ok_or(VaultError::Overflow)?;
    asked.store(vault)?;
    emitter.emit(&WithdrawalRequestedEvent { address: vault.address(), vault: &asked, amount })
}
