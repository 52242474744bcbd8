//! `deposit(amount)`: moves tokens of the gateway's mint into the vault and counts what arrived.

use pinocchio::{address::address_eq, AccountView, Address, ProgramResult};
use pinocchio_token::instructions::TransferChecked;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    event::{DepositEvent, Emitter},
    state::{Gateway, Vault},
    token,
};

pub const DISCRIMINATOR: [u8; 8] = [0xf2, 0x23, 0xc6, 0x89, 0x52, 0xe1, 0xf2, 0xb6];

/// Anyone deposits, from a token account that it owns or was approved for. A short balance, a frozen account or a used-up
/// approval is the Token program's to refuse, with its own error.
pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [depositor, gateway, vault, mint, source, deposit_address, token_program, event_authority, program] =
        checks::distinct(accounts)?;
    checks::signer(depositor)?;
    checks::writable(vault)?;
    checks::writable(source)?;
    checks::writable(deposit_address)?;
    checks::program(token_program, &pinocchio_token::ID)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    let mut fields = Reader::new(arguments, VaultError::MalformedArguments);
    let amount = fields.u64()?;
    fields.finish()?;
    checks::ensure(amount > 0, VaultError::ZeroAmount)?;

    let terms = Gateway::load(gateway, program_id)?;
    let mut credited = Vault::load(vault, gateway.address(), program_id)?;
    let decimals = token::gateway_mint_decimals(mint, &terms.mint)?;
    check_source(source, depositor, mint.address())?;

    let before = token::deposit_address_balance(deposit_address, vault.address(), mint.address())?;
    TransferChecked::new(source, mint, deposit_address, depositor, amount, decimals).invoke()?;
    let after = token::token_account(deposit_address, mint.address())?.amount();

    let received = after.checked_sub(before).ok_or(VaultError::Overflow)?;
    credited.credit(received)?;
    credited.store(vault)?;
    emitter.emit(&DepositEvent {
        address: vault.address(),
        vault: &credited,
        amount: received,
        depositor: depositor.address(),
    })
}

fn check_source(source: &AccountView, depositor: &AccountView, mint: &Address) -> ProgramResult {
    let token = token::token_account(source, mint)?;
    let owns = address_eq(token.owner(), depositor.address());
    let approved = token.delegate().is_some_and(|delegate| address_eq(delegate, depositor.address()));
    checks::ensure(owns || approved, VaultError::WrongTokenOwner)
}
