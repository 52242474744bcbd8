//! `sync_vault()`: counts what was sent straight to the deposit address, as a deposit by the vault itself.

use pinocchio::ProgramResult;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    event::{DepositEvent, Emitter},
    state::{Gateway, Vault},
    token,
};

pub const DISCRIMINATOR: [u8; 8] = [0x13, 0xd3, 0x96, 0x76, 0x5e, 0xd0, 0x8a, 0xcc];

pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [gateway, vault, deposit_address, event_authority, program] = checks::distinct(accounts)?;
    checks::writable(vault)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    Reader::new(arguments, VaultError::MalformedArguments).finish()?;

    let terms = Gateway::load(gateway, program_id)?;
    let mut credited = Vault::load(vault, gateway.address(), program_id)?;
    let balance = token::deposit_address_balance(deposit_address, vault.address(), &terms.mint)?;
    let surplus = balance.checked_sub(credited.booked()?).ok_or(VaultError::BooksBroken)?;
    checks::ensure(surplus > 0, VaultError::NothingToSync)?;

    credited.credit(surplus)?;
    credited.store(vault)?;
    emitter.emit(&DepositEvent {
        address: vault.address(),
        vault: &credited,
        amount: surplus,
        depositor: vault.address(),
    })
}
