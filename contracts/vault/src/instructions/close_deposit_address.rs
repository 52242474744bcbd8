//! `close_deposit_address()`: gives the agent the rent of an empty vault's token account.

use core::slice;

use pinocchio::ProgramResult;
use pinocchio_token::instructions::CloseAccount;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    state::{Gateway, Vault},
    token,
};

pub const DISCRIMINATOR: [u8; 8] = [0xc4, 0x29, 0x9c, 0x48, 0x2b, 0x99, 0x37, 0xbb];

/// The vault itself stays, so that its counters never restart and no old voucher lives again. What was sent to the
/// deposit address and not yet recognised counts as money left. No event: nothing that is counted has changed.
pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let [agent, gateway, vault, deposit_address, token_program] = checks::distinct(accounts)?;
    checks::signer(agent)?;
    checks::writable(agent)?;
    checks::writable(deposit_address)?;
    checks::program(token_program, &pinocchio_token::ID)?;
    Reader::new(arguments, VaultError::MalformedArguments).finish()?;

    let terms = Gateway::load(gateway, program_id)?;
    let emptied = Vault::load(vault, gateway.address(), program_id)?;
    emptied.check_agent(agent)?;
    let balance = token::deposit_address_balance(deposit_address, vault.address(), &terms.mint)?;
    let empty = emptied.booked()? == 0 && emptied.pending_withdrawal == 0 && balance == 0;
    checks::ensure(empty, VaultError::MoneyLeft)?;

    Vault::signing(gateway.address(), &emptied.agent, emptied.bump, |seeds| {
        CloseAccount::new(deposit_address, agent, vault).invoke_signed(slice::from_ref(seeds))
    })
}
