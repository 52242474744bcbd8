//! `settle(cumulative)`: pays the operator what was spent, up to what the agent signed for.

use core::slice;

use pinocchio::{address::address_eq, ProgramResult};
use pinocchio_token::instructions::Transfer;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    event::{Emitter, SettlementEvent},
    platform,
    state::{Gateway, Vault},
    token,
    voucher::{check_instructions_sysvar, Voucher},
};

pub const DISCRIMINATOR: [u8; 8] = [0xaf, 0x2a, 0xb9, 0x57, 0x90, 0x83, 0x66, 0xd4];

/// Everything is counted in totals, so a voucher that was settled gives nothing a second time.
pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let accounts = checks::distinct::<9>(accounts)?;
    let [authority, gateway, vault, deposit_address, destination, rest @ ..] = accounts;
    let [instructions_sysvar, token_program, event_authority, program] = rest;
    checks::signer(authority)?;
    checks::writable(vault)?;
    checks::writable(deposit_address)?;
    checks::writable(destination)?;
    checks::program(token_program, &pinocchio_token::ID)?;
    check_instructions_sysvar(instructions_sysvar)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    let mut fields = Reader::new(arguments, VaultError::MalformedArguments);
    let cumulative = fields.u64()?;
    fields.finish()?;

    let terms = Gateway::load(gateway, program_id)?;
    checks::ensure(address_eq(&terms.authority, authority.address()), VaultError::WrongAuthority)?;
    let mut debited = Vault::load(vault, gateway.address(), program_id)?;
    token::deposit_address_balance(deposit_address, vault.address(), &terms.mint)?;
    token::refuse_other_owner(destination, &terms.treasury, &terms.mint)?;

    let voucher = Voucher::read(instructions_sysvar, &debited.agent, vault.address())?;
    voucher.refuse_expired(platform::unix_timestamp_seconds()?)?;
    checks::ensure(cumulative <= voucher.cumulative, VaultError::BeyondVoucher)?;
    let amount = cumulative.checked_sub(debited.settled).unwrap_or(0);
    checks::ensure(amount > 0, VaultError::NothingToSettle)?;
    let booked = debited.booked()?;
    checks::ensure(amount <= booked, VaultError::BeyondBooks)?;

    debited.settled = cumulative;
    debited.cap_withdrawal(booked - amount);
    Vault::signing(gateway.address(), &debited.agent, debited.bump, |seeds| {
        Transfer::new(deposit_address, destination, vault, amount).invoke_signed(slice::from_ref(seeds))
    })?;
    debited.store(vault)?;
    emitter.emit(&SettlementEvent { address: vault.address(), vault: &debited, amount })
}
