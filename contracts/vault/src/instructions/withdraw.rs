//! `withdraw()`: after the delay, pays the pending amount to the agent.

use core::slice;

use pinocchio::ProgramResult;
use pinocchio_token::instructions::Transfer;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    event::{Emitter, WithdrawalEvent},
    platform,
    state::{Gateway, Vault},
    token,
};

pub const DISCRIMINATOR: [u8; 8] = [0xb7, 0x12, 0x46, 0x9c, 0x94, 0x6d, 0xa1, 0x22];

pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [agent, gateway, vault, deposit_address, destination, token_program, event_authority, program] =
        checks::distinct(accounts)?;
    checks::signer(agent)?;
    checks::writable(vault)?;
    checks::writable(deposit_address)?;
    checks::writable(destination)?;
    checks::program(token_program, &pinocchio_token::ID)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    Reader::new(arguments, VaultError::MalformedArguments).finish()?;

    let terms = Gateway::load(gateway, program_id)?;
    let mut debited = Vault::load(vault, gateway.address(), program_id)?;
    debited.check_agent(agent)?;
    token::deposit_address_balance(deposit_address, vault.address(), &terms.mint)?;
    token::refuse_other_owner(destination, agent.address(), &terms.mint)?;

    let amount = debited.pending_withdrawal;
    checks::ensure(amount > 0, VaultError::NoWithdrawalPending)?;
    checks::ensure(amount <= debited.booked()?, VaultError::BooksBroken)?;
    let now_seconds = platform::unix_timestamp_seconds()?;
    checks::ensure(now_seconds >= debited.withdrawable_at_seconds, VaultError::WithdrawalEarly)?;

    debited.withdrawn = debited.withdrawn.checked_add(amount).ok_or(VaultError::Overflow)?;
    debited.cap_withdrawal(0);
    Vault::signing(gateway.address(), &debited.agent, debited.bump, |seeds| {
        Transfer::new(deposit_address, destination, vault, amount).invoke_signed(slice::from_ref(seeds))
    })?;
    debited.store(vault)?;
    emitter.emit(&WithdrawalEvent { address: vault.address(), vault: &debited, amount })
}
