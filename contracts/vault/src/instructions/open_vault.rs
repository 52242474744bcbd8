//! `open_vault(withdrawal_delay)`: creates the vault and its deposit address, paid by anyone.

use pinocchio::ProgramResult;

use super::Call;
use crate::{
    checks,
    codec::Reader,
    error::VaultError,
    event::{Emitter, VaultOpenedEvent},
    state::{Gateway, Vault},
    system::NewAccount,
    token,
};

pub const DISCRIMINATOR: [u8; 8] = [0xb5, 0xf8, 0xe4, 0x43, 0x06, 0xaf, 0x25, 0xa7];

/// The argument must equal the delay that will hold: the gateway's for a new vault, its own for one that is open. So no
/// one opens a vault under terms it did not see.
///
/// An open vault whose deposit address was closed gets that account back and keeps every counter; nothing else changes
/// and no event is emitted. With the account in place the call fails.
pub fn process(Call { program_id, accounts, arguments }: Call) -> ProgramResult {
    let accounts = checks::distinct_after_first::<11>(accounts)?;
    let [payer, agent, gateway, vault, mint, deposit_address, rest @ ..] = accounts;
    let [token_program, associated_token_program, system_program, event_authority, program] = rest;
    checks::signer(payer)?;
    checks::writable(payer)?;
    checks::writable(vault)?;
    checks::writable(deposit_address)?;
    checks::program(token_program, &pinocchio_token::ID)?;
    checks::program(associated_token_program, &token::associated::ID)?;
    checks::program(system_program, &pinocchio_system::ID)?;
    let emitter = Emitter::new(event_authority, program, program_id)?;
    let mut fields = Reader::new(arguments, VaultError::MalformedArguments);
    let delay_seconds = fields.i64()?;
    fields.finish()?;

    let terms = Gateway::load(gateway, program_id)?;
    token::gateway_mint_decimals(mint, &terms.mint)?;
    let (address, bump) = Vault::find_address(gateway.address(), agent.address(), program_id)?;
    checks::address(vault, &address)?;

    let has_deposit_address = token::has_deposit_address(deposit_address, &address, mint.address())?;
    let create_deposit_address =
        token::CreateDepositAddress { payer, deposit_address, vault, mint, system_program, token_program };

    if vault.owned_by(program_id) {
        let opened = Vault::load(vault, gateway.address(), program_id)?;
        checks::ensure(!has_deposit_address, VaultError::VaultExists)?;
        checks::ensure(opened.withdrawal_delay_seconds == delay_seconds, VaultError::DelayMismatch)?;
        return create_deposit_address.invoke();
    }

    checks::ensure(terms.withdrawal_delay_seconds == delay_seconds, VaultError::DelayMismatch)?;
    Vault::signing(gateway.address(), agent.address(), bump, |seeds| {
        NewAccount { account: vault, payer, space: Vault::LEN as u64, program_id }.create(seeds)
    })?;
    if !has_deposit_address {
        create_deposit_address.invoke()?;
    }

    let opened = Vault {
        gateway: *gateway.address(),
        agent: *agent.address(),
        deposited: 0,
        settled: 0,
        withdrawn: 0,
        deposit_index: 0,
        pending_withdrawal: 0,
        withdrawable_at_seconds: 0,
        withdrawal_delay_seconds: delay_seconds,
        bump,
    };
    opened.store(vault)?;
    emitter.emit(&VaultOpenedEvent { address: &address, vault: &opened })
}
